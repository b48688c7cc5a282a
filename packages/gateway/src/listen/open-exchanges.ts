import type { Exchange } from "../exchange.ts";

/** The exchanges that are not over, so that closing can wait for them. */
export class OpenExchanges {
  readonly #open = new Set<Exchange>();
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Exchange> {
    return this.#open.values();
  }

  add(exchange: Exchange): void {
    this.#open.add(exchange);
    if (this.#isClosing) exchange.response.shouldKeepAlive = false;
    exchange.whenOver(() => this.#remove(exchange));
  }

  /** Lets no connection outlive its exchange from now on. Resolves when no exchange is open. */
  async drain(): Promise<void> {
    this.#isClosing = true;
    if (this.#open.size === 0) return;
    for (const { response } of this.#open) if (!response.headersSent) response.shouldKeepAlive = false;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  #remove(exchange: Exchange): void {
    this.#open.delete(exchange);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }
}
