import { GatewayError, type GatewayErrorCode } from "../errors.ts";
import type { JsonIssue } from "../json-issue.ts";

/** What one end of a channel may be asked, each with what is given and what is answered. All of it has to be plain values: it goes as JSON. */
export type Questions = Readonly<Record<string, { readonly given: unknown; readonly answer: unknown }>>;

/** How an end answers what it is asked. What it throws is the asker's fault to hear. */
export type Answers<Asked extends Questions> = {
  readonly [Name in keyof Asked]: (given: Asked[Name]["given"]) => Asked[Name]["answer"] | Promise<Asked[Name]["answer"]>;
};

/** What carries messages to the other process, in order. It never throws: what cannot be sent is lost, as the other process is then at its end. */
export type Send = (message: object) => void;

/** The other process is gone, or did not answer in time. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
}

type Message =
  | { readonly kind: "ask"; readonly id: number; readonly name: string; readonly given: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "fault"; readonly id: number; readonly fault: FaultText };

type FaultText = { readonly message: string; readonly code?: GatewayErrorCode; readonly issues?: readonly JsonIssue[] };

type Pending = { readonly resolve: (answer: unknown) => void; readonly reject: (fault: Error) => void };

/** One end of a conversation between the primary and a worker. Both may ask. */
export class Channel<Asks extends Questions, Asked extends Questions> {
  readonly #send: Send;
  readonly #answers: Answers<Asked>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #hasEnded = false;

  constructor(send: Send, answers: Answers<Asked>) {
    this.#send = send;
    this.#answers = answers;
  }

  /** Asks the other end. Errors: what it threw; `Unanswered` when it is gone, or has not answered within `timeoutMs`, which is for ever unless given. */
  ask<Name extends keyof Asks & string>(name: Name, given: Asks[Name]["given"], { timeoutMs }: { timeoutMs?: number } = {}) {
    return new Promise<Asks[Name]["answer"]>((resolve, reject) => {
      if (this.#hasEnded) return reject(new Unanswered("The other process is gone"));
      this.#lastId += 1;
      const id = this.#lastId;
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#fail(id, "No answer in time"), timeoutMs);
      this.#pending.set(id, {
        resolve(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
        reject(fault) {
          clearTimeout(timer);
          reject(fault);
        },
      });
      this.#send({ kind: "ask", id, name, given } satisfies Message);
    });
  }

  /** Takes what the other end sent. */
  receive(message: unknown): void {
    const received = message as Message;
    switch (received.kind) {
      case "ask":
        return void this.#answer(received);
      case "answer":
        return this.#take(received.id)?.resolve(received.answer);
      case "fault":
        return this.#take(received.id)?.reject(faultOf(received.fault));
    }
  }

  /** The other end is gone: nothing that it was asked will be answered. */
  end(): void {
    this.#hasEnded = true;
    for (const id of [...this.#pending.keys()]) this.#fail(id, "The other process is gone");
  }

  async #answer({ id, name, given }: Extract<Message, { kind: "ask" }>): Promise<void> {
    try {
      const answer: unknown = await this.#answers[name]?.(given);
      this.#send({ kind: "answer", id, answer } satisfies Message);
    } catch (error) {
      this.#send({ kind: "fault", id, fault: faultText(error) } satisfies Message);
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #fail(id: number, why: string): void {
    this.#take(id)?.reject(new Unanswered(why));
  }
}

function faultText(error: unknown): FaultText {
  if (error instanceof GatewayError) return { message: error.headline, code: error.code, issues: error.issues };
  return { message: error instanceof Error ? error.message : String(error) };
}

function faultOf({ message, code, issues }: FaultText): Error {
  return code === undefined ? new Error(message) : new GatewayError(code, message, issues);
}
