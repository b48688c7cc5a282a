import type { Exchange } from "../exchange.ts";

/**
 * The exchanges that are not over.
 *
 * An array in which each knows its place, and no set: a set that is added to and deleted from for every request is made anew all the time, each copy
 * refers to the next, and once the collector has taken one for old it keeps them all with the exchanges in them.
 */
export class OpenExchanges {
  readonly #open: Exchange[] = [];
  #isClosing = false;

  get size(): number {
    return this.#open.length;
  }

  /** As they are now: one that ends meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<Exchange> {
    return [...this.#open].values();
  }

  add(exchange: Exchange): void {
    exchange.openPlace = this.#open.push(exchange) - 1;
    if (this.#isClosing) exchange.response.shouldKeepAlive = false;
    exchange.whenOver(this.#remove);
  }

  /** Lets no connection outlive its exchange from now on: each answer that has not begun says so. */
  announceClose(): void {
    this.#isClosing = true;
    for (const { response } of this.#open) if (!response.headersSent) response.shouldKeepAlive = false;
  }

  /** The last one takes its place. */
  readonly #remove = (exchange: Exchange): void => {
    const last = this.#open.pop();
    if (last !== undefined && last !== exchange) {
      this.#open[exchange.openPlace] = last;
      last.openPlace = exchange.openPlace;
    }
  };
}
