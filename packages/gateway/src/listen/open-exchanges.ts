import type { Duplex } from "node:stream";
import type { Exchange } from "../exchange.ts";

/** The exchanges that are not over, so that closing can wait for them and a broken connection knows whom it concerns. */
export class OpenExchanges {
  readonly #open = new Set<Exchange>();
  readonly #bySocket = new Map<Duplex, Set<Exchange>>();
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  get size(): number {
    return this.#open.size;
  }

  add(exchange: Exchange, socket: Duplex): void {
    this.#open.add(exchange);
    const onSocket = this.#bySocket.get(socket);
    if (onSocket === undefined) this.#bySocket.set(socket, new Set([exchange]));
    else onSocket.add(exchange);
    if (this.#isClosing) exchange.response.shouldKeepAlive = false;
    exchange.whenOver(() => this.#remove(exchange, socket));
  }

  /** The exchanges of one connection: more than one when the client pipelines. */
  on(socket: Duplex): readonly Exchange[] {
    return [...(this.#bySocket.get(socket) ?? [])];
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

  #remove(exchange: Exchange, socket: Duplex): void {
    this.#open.delete(exchange);
    const onSocket = this.#bySocket.get(socket);
    onSocket?.delete(exchange);
    if (onSocket?.size === 0) this.#bySocket.delete(socket);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }
}
