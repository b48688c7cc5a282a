import type { Tunnel } from "./splice.ts";

/** The WebSockets that are open. It owns them: a snapshot does not touch them, closing the gateway does. */
export class Tunnels {
  readonly #open = new Set<Tunnel>();

  get size(): number {
    return this.#open.size;
  }

  add(tunnel: Tunnel): void {
    this.#open.add(tunnel);
    tunnel.whenClosed(() => this.#open.delete(tunnel));
  }

  /** Cuts every one of them. */
  destroy(): void {
    for (const tunnel of this.#open) tunnel.destroy();
  }
}
