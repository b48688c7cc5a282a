import { type BackOff, createBackOff } from "../snapshot/back-off.ts";
import type { WorkerProcess } from "./worker-process.ts";

const MIN_RESTART_MS = 100;
const MAX_RESTART_MS = 5_000;
/** How long a worker lives until its end no longer counts as one of a row. */
const PROVEN_AFTER_MS = 10_000;

/** What a seat needs of its group. */
export type SeatParts = {
  /** Starts a worker and has it listen. Errors: why there is none. */
  readonly start: (number: number) => Promise<WorkerProcess>;
  /** Told that a new worker serves where one has died. */
  readonly onFilled: (worker: WorkerProcess) => void;
  /** Told that there is none yet, and when it is tried again. */
  readonly onFailed: (number: number, failure: { readonly error: unknown; readonly nextInMs: number }) => void;
};

/** The place of one worker in its group. Where one has died there is another as soon as the back-off allows, for ever. */
export class Seat {
  readonly #number: number;
  readonly #parts: SeatParts;
  readonly #backOff: BackOff = createBackOff({ minMs: MIN_RESTART_MS, maxMs: MAX_RESTART_MS, random: Math.random });
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #worker: WorkerProcess | undefined;

  constructor(number: number, parts: SeatParts) {
    this.#number = number;
    this.#parts = parts;
  }

  /** Puts a new worker here, and gives back the one that was here, which goes on until somebody tells it otherwise. Errors: why there is no new one; nothing has changed then. */
  replace(): Promise<WorkerProcess | undefined> {
    return this.#inTurn(async () => {
      const before = this.#worker;
      await this.#fill();
      return before;
    });
  }

  /** Nobody comes here any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #fill(): Promise<void> {
    const worker = await this.#parts.start(this.#number);
    const sinceMs = performance.now();
    this.#worker = worker;
    void worker.ended.then(() => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      if (performance.now() - sinceMs >= PROVEN_AFTER_MS) this.#backOff.reset();
      if (!this.#isClosed) this.#refillLater();
    });
  }

  /** Returns when that is. */
  #refillLater(): number {
    const nextInMs = Math.round(this.#backOff.next());
    this.#timer = setTimeout(() => void this.#inTurn(() => this.#refill()), nextInMs);
    return nextInMs;
  }

  async #refill(): Promise<void> {
    if (this.#worker !== undefined || this.#isClosed) return;
    try {
      await this.#fill();
      if (this.#worker !== undefined) this.#parts.onFilled(this.#worker);
    } catch (error) {
      if (!this.#isClosed) this.#parts.onFailed(this.#number, { error, nextInMs: this.#refillLater() });
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
