import type { CompiledSnapshot } from "../snapshot/compile.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/** An exchange that is over. `beganAtMs`: milliseconds since 1970. */
export type EndedExchange = { readonly record: ExchangeRecord; readonly snapshot: CompiledSnapshot; readonly beganAtMs: number };

/** Takes exchanges that are over, and keeps none of them: it writes down what it is told. */
export type RecordTaker = { take(ended: EndedExchange): void };

type QueueContext = {
  readonly takers: readonly RecordTaker[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A taker threw: it has lost this record. */
  readonly onFailed: (error: unknown) => void;
};

/** More are handed on at once: the collector copies what it finds waiting. */
const MAX_WAITING = 64;

/**
 * Records on their way to the access log and the events. They wait for the end of this turn of the loop and then go together, to one taker after the other: what
 * follows the first of them finds code and data in the processor's caches, and costs much less than it would between two requests.
 */
export class RecordQueue {
  readonly #context: QueueContext;
  #waiting: EndedExchange[] = [];
  /** From `performance.now` to the time of day. Asked once for all that wait: to ask for the time costs as much as to write a few fields. */
  #clockOffsetMs = 0;

  constructor(context: QueueContext) {
    this.#context = context;
  }

  /** `startedAtMs`: by the clock that only goes forward, `performance.now`. */
  add(record: ExchangeRecord, { snapshot, startedAtMs }: { readonly snapshot: CompiledSnapshot; readonly startedAtMs: number }): void {
    if (this.#waiting.length === 0) {
      this.#clockOffsetMs = this.#context.now() - performance.now();
      setImmediate(this.flush);
    }
    this.#waiting.push({ record, snapshot, beganAtMs: startedAtMs + this.#clockOffsetMs });
    if (this.#waiting.length === MAX_WAITING) this.flush();
  }

  /** Hands on what waits, for who is about to ask the takers or to close them. */
  readonly flush = (): void => {
    const ended = this.#waiting;
    this.#waiting = [];
    for (const taker of this.#context.takers) for (const one of ended) this.#give(taker, one);
  };

  #give(taker: RecordTaker, ended: EndedExchange): void {
    try {
      taker.take(ended);
    } catch (error) {
      this.#context.onFailed(error);
    }
  }
}
