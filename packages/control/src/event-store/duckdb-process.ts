import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ControlError } from "../errors.ts";
import type { DuckdbAsks, DuckdbReply } from "./duckdb-messages.ts";

/** The process that holds the database is gone, or did not answer in time, or could not do it. */
export class DuckdbFault extends Error {
  override readonly name = "DuckdbFault";
  /** Whether it was only too much: the process goes on. */
  readonly isCostly: boolean;

  constructor(message: string, { isCostly = false }: { readonly isCostly?: boolean } = {}) {
    super(message);
    this.isCostly = isCostly;
  }
}

type Pending = { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void; readonly timer: NodeJS.Timeout };

type Asking = {
  readonly timeoutMs: number;
  /** Rejects with its reason, and tells the process that nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
};

/** Nobody waits for the answer to that. */
const CANCEL_TIMEOUT_MS = 60_000;

/** The built file, for tests that run the sources too. */
const CHILD = fileURLToPath(new URL("../../dist/event-store/duckdb-child.js", import.meta.url));

/** A process that holds the database, from its start to its end. */
export class DuckdbProcess {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #hasEnded = false;

  constructor() {
    this.#child = fork(CHILD, { serialization: "advanced", execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child.on("message", (reply: DuckdbReply) => this.#receive(reply));
    this.#child.once("exit", () => this.#failAll("The process of the event database is gone"));
    this.#child.once("error", (error) => this.#failAll(error.message));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Errors: `ControlError` when it cannot open; `DuckdbFault`. */
  ask<Name extends keyof DuckdbAsks>(
    name: Name,
    given: DuckdbAsks[Name]["given"],
    { timeoutMs, signal }: Asking,
  ): Promise<DuckdbAsks[Name]["answer"]> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#lastId += 1;
    const id = this.#lastId;
    const cancel = (): void => this.#cancel(id, signal?.reason);
    signal?.addEventListener("abort", cancel);
    return new Promise<DuckdbAsks[Name]["answer"]>((resolve, reject) => {
      if (this.#hasEnded) return reject(new DuckdbFault("The process of the event database is gone"));
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new DuckdbFault("The event database did not answer in time"));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#child.send({ id, name, given }, (error) => error && this.#failAll(error.message));
    }).finally(() => signal?.removeEventListener("abort", cancel));
  }

  #cancel(id: number, reason: Error): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    pending.reject(reason);
    this.ask("cancel", { id }, { timeoutMs: CANCEL_TIMEOUT_MS }).catch(() => undefined);
  }

  /** Ends it at once. What it had acknowledged is stored. */
  async kill(): Promise<void> {
    const isRunning = this.#child.exitCode === null && this.#child.signalCode === null;
    this.#failAll("The process of the event database was ended");
    if (!isRunning) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  #receive(reply: DuckdbReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    clearTimeout(pending.timer);
    if (reply.kind === "answer") return pending.resolve(reply.answer as never);
    const { message, code, isCostly } = reply;
    pending.reject(code === undefined ? new DuckdbFault(message, { isCostly }) : new ControlError(code, message));
  }

  #failAll(message: string): void {
    this.#hasEnded = true;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new DuckdbFault(message));
    }
    this.#pending.clear();
  }
}
