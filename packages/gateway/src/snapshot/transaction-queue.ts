import type { DeliveredTransaction } from "@wherefrom/model";

/** One has at most the header of a request and of an answer. */
const MAX_WAITING = 150;
const MAX_AT_ONCE = 10;

export type TransactionQueueParts = {
  readonly send: (transactions: readonly DeliveredTransaction[]) => Promise<void>;
  /** Told why some of them are gone. */
  readonly onLost: (why: unknown) => void;
};

/** What debug sessions recorded, on its way to control: one request at a time. What does not get there, and beyond `MAX_WAITING` what is new, is lost. */
export class TransactionQueue {
  readonly #parts: TransactionQueueParts;
  readonly #waiting: DeliveredTransaction[] = [];
  #isSending = false;

  constructor(parts: TransactionQueueParts) {
    this.#parts = parts;
  }

  add(transaction: DeliveredTransaction): void {
    if (this.#waiting.length >= MAX_WAITING) return this.#parts.onLost("too many wait");
    this.#waiting.push(transaction);
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#sendWaiting();
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0) await this.#parts.send(this.#waiting.splice(0, MAX_AT_ONCE)).catch(this.#parts.onLost);
    this.#isSending = false;
  }
}
