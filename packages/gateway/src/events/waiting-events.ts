import { maxEventBatchBytes } from "@wherefrom/model";
import { AsciiWriter } from "../record/ascii-writer.ts";
import { maxEventBytes } from "./event-line.ts";

/** Events that become one batch: lines of JSON, one behind another from the beginning of what was written. `bytes`: of whole lines. */
export type WaitingBatch = { readonly lines: AsciiWriter; bytes: number; events: number };

/** Enough for some 20,000 events a second. */
const MAX_SPARES = 8;

/**
 * Events that are not written yet, as bytes in batches. No string or exchange is kept until then: the collector copies what it finds alive, and that would
 * cost a request more than the event itself.
 */
export class WaitingEvents {
  readonly #maxBytes: number;
  /** Oldest first; all full but for one that could not be written. */
  readonly #closed: WaitingBatch[] = [];
  #open: WaitingBatch | undefined;
  /** Used again. */
  readonly #spares: Buffer[] = [];
  #closedBytes = 0;
  #events = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get events(): number {
    return this.#events;
  }

  /** Has a line written, of `maxEventBytes` at the most, and keeps it when there is room. Says whether it did. What `write` throws, it throws, and keeps nothing. */
  add<Given>(given: Given, write: (given: Given, line: AsciiWriter) => void): boolean {
    const batch = this.#roomForOne();
    const { lines } = batch;
    lines.at = batch.bytes;
    write(given, lines);
    if (this.#closedBytes + lines.at > this.#maxBytes) return false;
    batch.bytes = lines.at;
    batch.events += 1;
    this.#events += 1;
    return true;
  }

  /** The oldest that takes no more events. */
  oldestClosed(): WaitingBatch | undefined {
    return this.#closed[0];
  }

  /** No event is added to the newest batch any more. */
  closeNewest(): void {
    if (this.#open === undefined || this.#open.events === 0) return;
    this.#closed.push(this.#open);
    this.#closedBytes += this.#open.bytes;
    this.#open = undefined;
  }

  /** It is written. Says whether it was still waiting. */
  remove(batch: WaitingBatch): boolean {
    if (this.#closed[0] !== batch) return false;
    this.#closed.shift();
    this.#closedBytes -= batch.bytes;
    this.#events -= batch.events;
    if (this.#spares.length < MAX_SPARES) this.#spares.push(batch.lines.bytes);
    return true;
  }

  /** Forgets all, and says how many events that were. */
  clear(): number {
    const events = this.#events;
    this.#closed.length = 0;
    this.#open = undefined;
    this.#closedBytes = 0;
    this.#events = 0;
    return events;
  }

  #roomForOne(): WaitingBatch {
    if (this.#open !== undefined && this.#open.bytes + maxEventBytes > maxEventBatchBytes) this.closeNewest();
    if (this.#open === undefined) {
      this.#open = { lines: new AsciiWriter(this.#spares.pop() ?? Buffer.allocUnsafeSlow(maxEventBatchBytes)), bytes: 0, events: 0 };
    }
    return this.#open;
  }
}
