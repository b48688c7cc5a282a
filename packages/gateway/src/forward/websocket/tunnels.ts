import type { GatewayLimits } from "../../limits.ts";
import { Places } from "../../places.ts";
import { splice, type Tunnel, type TunnelParts } from "./tunnel.ts";

/** How often some of them are ended while the gateway closes. */
const TURN_MS = 100;
/** Looks so often within the shortest of its limits, and at least so often. */
const LOOKS_PER_TIMEOUT = 4;
const MAX_LOOK_INTERVAL_MS = 5_000;

/**
 * The WebSockets that are open. It owns them: a snapshot does not touch them, closing the gateway does. One timer for all of them looks which are silent
 * or half closed for too long.
 */
export class Tunnels {
  readonly #open = new Places<Tunnel>();
  readonly #lookIntervalMs: number;
  readonly #maxSilentLooks: number;
  readonly #maxHalfClosedLooks: number;
  #timer: NodeJS.Timeout | undefined;
  #turnTimer: NodeJS.Timeout | undefined;
  #isDraining = false;
  /** How often it has looked. */
  looks = 0;

  constructor({ webSocketIdleTimeoutMs, halfCloseTimeoutMs }: Pick<GatewayLimits, "webSocketIdleTimeoutMs" | "halfCloseTimeoutMs">) {
    const shortestMs = Math.min(webSocketIdleTimeoutMs, halfCloseTimeoutMs);
    this.#lookIntervalMs = Math.min(Math.ceil(shortestMs / LOOKS_PER_TIMEOUT), MAX_LOOK_INTERVAL_MS);
    this.#maxSilentLooks = Math.ceil(webSocketIdleTimeoutMs / this.#lookIntervalMs);
    this.#maxHalfClosedLooks = Math.ceil(halfCloseTimeoutMs / this.#lookIntervalMs);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Joins two connections; `onClosed` is called when both are closed. */
  join({ client, upstream }: Pick<TunnelParts, "client" | "upstream">, onClosed: () => void): void {
    // Either side may find both closed.
    const forget = (tunnel: Tunnel): void => {
      if (this.#open.delete(tunnel)) onClosed();
    };
    const tunnel = splice({ client, upstream, counter: this, onClosed: forget });
    this.#open.add(tunnel);
    if (this.#isDraining) tunnel.end();
    this.#timer ??= setInterval(() => this.#look(), this.#lookIntervalMs).unref();
  }

  /**
   * Ends every one of them, and those to come: a few at a time over half of `withinMs`, so that their clients do not all come back in the same moment.
   * When they close is up to their far ends.
   */
  drain(withinMs: number): void {
    this.#isDraining = true;
    const waiting = [...this.#open];
    const inTurn = Math.ceil(waiting.length / Math.max(1, withinMs / 2 / TURN_MS));
    const endSome = (): void => {
      for (const tunnel of waiting.splice(0, inTurn)) tunnel.end();
      if (waiting.length === 0) clearInterval(this.#turnTimer);
    };
    this.#turnTimer = setInterval(endSome, TURN_MS);
    endSome();
  }

  /** Cuts every one of them. */
  destroy(): void {
    clearInterval(this.#turnTimer);
    for (const tunnel of this.#open) tunnel.destroy();
  }

  #look(): void {
    this.looks += 1;
    if (this.#open.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const tunnel of this.#open) {
      // One that has lived for a look lives longer, as most do not: it is eight calls to the system.
      if (tunnel.openedAt === this.looks - 1) tunnel.keepAlive();
      const isSilent = this.looks - tunnel.activeAt > this.#maxSilentLooks;
      const { halfClosedAt = this.looks } = tunnel;
      if (isSilent || this.looks - halfClosedAt > this.#maxHalfClosedLooks) tunnel.destroy();
    }
  }
}
