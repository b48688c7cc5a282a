import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { StoreUnavailable } from "../config-store/port.ts";
import type { DuckdbAsks } from "./duckdb-messages.ts";
import type { DuckdbLimits } from "./duckdb-open.ts";
import { DuckdbFault, DuckdbProcess } from "./duckdb-process.ts";
import { packBatch } from "./packed-batch.ts";
import { type EventStore, QuestionTooCostly } from "./port.ts";

export type DuckdbStoreLimits = DuckdbLimits & {
  /** How long one question may take. */
  readonly eventQuestionTimeoutMs: number;
  /** How long anything else may take, the wait for what was asked before included. */
  readonly eventWriteTimeoutMs: number;
};

export type DuckdbOptions = {
  readonly limits: DuckdbStoreLimits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * Opens a file of events for this process alone, and makes it when it is missing.
 *
 * Errors: `ControlError` CONTROL_DATABASE_….
 */
export async function openDuckdbEvents(given: string, options: DuckdbOptions): Promise<EventStore> {
  const keeper = new Keeper(resolve(given), options.limits);
  await keeper.open();
  const write = { timeoutMs: options.limits.eventWriteTimeoutMs };
  const { eventQuestionTimeoutMs: timeoutMs } = options.limits;
  // the process ends by itself what takes too long, and what waits for others as long: when it has not even done that, it is none any more
  const patience = 2 * timeoutMs + write.timeoutMs;
  return {
    id: randomUUID(),
    async append(key, batch) {
      return keeper.ask("append", { ...key, batch: packBatch(key, batch), receivedAt: options.now() }, write);
    },
    ask: (key, question, { signal } = {}) => keeper.ask("ask", { key, question, timeoutMs }, { timeoutMs: patience, signal }),
    countClients: (key, question) => keeper.ask("countClients", { key, question, timeoutMs }, { timeoutMs: patience }),
    deleteBefore: (key, { before }) => keeper.ask("deleteBefore", { ...key, before }, write),
    deleteAddress: (key, { address, hashKey }) => keeper.ask("deleteAddress", { ...key, address, hashKey }, write),
    keepWithin: (maxBytes) => keeper.ask("keepWithin", { maxBytes }, write),
    environments: () => keeper.ask("environments", null, write),
    close: () => keeper.close(),
  };
}

type Held = { readonly process: DuckdbProcess; readonly opened: Promise<null> };

/** Keeps a process that holds the database: one that ended or failed is followed by another as soon as something is asked. */
class Keeper {
  readonly #path: string;
  readonly #limits: DuckdbStoreLimits;
  #held: Held | undefined;

  constructor(path: string, limits: DuckdbStoreLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Errors: `ControlError`. */
  async open(): Promise<void> {
    const held = this.#hold();
    try {
      await held.opened;
    } catch (error) {
      await this.#drop(held);
      throw error;
    }
  }

  /** Errors: `StoreUnavailable`; `QuestionTooCostly`. */
  async ask<Name extends keyof DuckdbAsks>(
    name: Name,
    given: DuckdbAsks[Name]["given"],
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<DuckdbAsks[Name]["answer"]> {
    const held = this.#hold();
    try {
      await held.opened;
      return await held.process.ask(name, given, { timeoutMs, signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DuckdbFault && error.isCostly) throw new QuestionTooCostly(error.message);
      // after a write that failed, DuckDB may refuse all others until the file is opened anew
      await this.#drop(held);
      throw new StoreUnavailable("The event database cannot be used", { isOutcomeKnown: false, cause: error });
    }
  }

  async close(): Promise<void> {
    const held = this.#held;
    if (held === undefined || held.process.hasEnded) return;
    await held.process.ask("close", null, { timeoutMs: this.#limits.eventWriteTimeoutMs }).catch(() => undefined);
    await this.#drop(held);
  }

  #hold(): Held {
    if (this.#held !== undefined && !this.#held.process.hasEnded) return this.#held;
    const process = new DuckdbProcess();
    const opened = process.ask("open", { path: this.#path, limits: this.#limits }, { timeoutMs: this.#limits.eventWriteTimeoutMs });
    this.#held = { process, opened };
    return this.#held;
  }

  async #drop(held: Held): Promise<void> {
    if (this.#held === held) this.#held = undefined;
    await held.process.kill();
  }
}
