/**
 * A time that is over only when what has come by then was read. A process that was stopped, or busy for long, finds its timers over before it reads what came meanwhile: each
 * waiting request would fail at once, and its target be blamed.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | undefined;

  /** `onOver` is called once, unless it is stopped before. */
  constructor(timeoutMs: number, onOver: () => void) {
    // Between its timers and its immediates a turn of the loop reads.
    this.#timer = setTimeout(() => {
      this.#immediate = setImmediate(onOver);
    }, timeoutMs);
  }

  /** Begins anew. */
  refresh(): void {
    clearImmediate(this.#immediate);
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }
}
