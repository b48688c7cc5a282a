/** How late the event loop was: what half of the looks found, and all but one in a hundred. */
export type LoopDelay = { readonly medianLoopDelayMs: number; readonly p99LoopDelayMs: number };

/** Of the looks before, so many have a say in the median: with two, a single late one is never half of them. */
const LOOKS_BEFORE = 2;

/**
 * The delays that looks at the event loop found, from one reading to the next. A loop that stands still gives one look and no more, however long it takes; alone
 * in its time that one would be the median, and a single long pause an overload.
 */
export class LoopDelays {
  #beforeMs: readonly number[] = new Array<number>(LOOKS_BEFORE).fill(0);
  #delaysMs: number[] = [];

  note(delayMs: number): void {
    this.#delaysMs.push(delayMs);
  }

  read(): LoopDelay {
    const known = [...this.#beforeMs, ...this.#delaysMs];
    const reading = { medianLoopDelayMs: at(known, 0.5), p99LoopDelayMs: at(this.#delaysMs, 0.99) };
    this.#beforeMs = known.slice(-LOOKS_BEFORE);
    this.#delaysMs = [];
    return reading;
  }
}

/** A quantile of values, the greater of two between which it lies; 0 when there are none. */
function at(values: readonly number[], quantile: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(quantile * values.length)] ?? 0;
}
