import { Deadline } from "../../deadline.ts";
import type { GatewayLimits } from "../../limits.ts";
import { upstreamError } from "../upstream-error.ts";
import type { Outgoing } from "./outgoing.ts";

type SendingLimitOptions = {
  readonly outgoing: Pick<Outgoing, "headersTimeoutMs">;
  readonly limits: GatewayLimits;
  /** Whether something of the body waits for the target. */
  readonly hasUntaken: () => boolean;
  /** The target has had its time. */
  readonly onLate: (error: Error) => void;
};

/**
 * How long a target may take for a request that is not sent by undici, until its answer begins. One timer at a time: for connecting, for 100 Continue, for taking what waits
 * of the body, for the answer. A client that sends slowly has limits of its own.
 */
export class SendingLimit {
  readonly #options: SendingLimitOptions;
  readonly #answerMs: number;
  #deadline: Deadline | undefined;
  #isSent = false;
  #isOver = false;

  constructor(options: SendingLimitOptions) {
    this.#options = options;
    this.#answerMs = options.outgoing.headersTimeoutMs ?? options.limits.upstreamHeadersTimeoutMs;
  }

  connecting(timeoutMs: number): void {
    const late = upstreamError("UPSTREAM_CONNECT_TIMEOUT", `No connection within ${timeoutMs} ms`);
    this.#next(timeoutMs, () => this.#options.onLate(late));
  }

  /** `goOn` is called where the target does not say so: it may not know the expectation. */
  waitingToContinue(goOn: () => void): void {
    this.#next(this.#options.limits.continueTimeoutMs, goOn);
  }

  /** The body is sent, and the target has taken something of it. */
  sending(): void {
    if (this.#isSent) return;
    this.#next(this.#answerMs, () => {
      if (this.#options.hasUntaken()) this.#tooLate("Nothing of the body was taken");
      else this.sending();
    });
  }

  /** All of the request has gone. */
  sent(): void {
    this.#isSent = true;
    this.#next(this.#answerMs, () => this.#tooLate("No answer"));
  }

  /** The answer has begun, or none will come. */
  over(): void {
    this.#isOver = true;
    this.#deadline?.stop();
  }

  #next(timeoutMs: number, expire: () => void): void {
    this.#deadline?.stop();
    if (!this.#isOver) this.#deadline = new Deadline(timeoutMs, expire);
  }

  #tooLate(what: string): void {
    this.#options.onLate(upstreamError("UPSTREAM_TIMEOUT", `${what} within ${this.#answerMs} ms`));
  }
}
