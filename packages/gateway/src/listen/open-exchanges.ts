import type { Exchange } from "../exchange.ts";
import { Places } from "../places.ts";

/** The exchanges that are not over. */
export class OpenExchanges {
  readonly #open = new Places<Exchange>();
  #isClosing = false;

  get size(): number {
    return this.#open.size;
  }

  /** As they are now: one that ends meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<Exchange> {
    return this.#open[Symbol.iterator]();
  }

  add(exchange: Exchange): void {
    this.#open.add(exchange);
    if (this.#isClosing) exchange.response.shouldKeepAlive = false;
    exchange.whenOver(this.#remove);
  }

  /** Lets no connection outlive its exchange from now on: each answer that has not begun says so. */
  announceClose(): void {
    this.#isClosing = true;
    for (const { response } of this.#open) if (!response.headersSent) response.shouldKeepAlive = false;
  }

  readonly #remove = (exchange: Exchange): void => void this.#open.delete(exchange);
}
