import type { Exchange } from "../exchange.ts";

type StallContext = {
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Lets go of the client at once, and of all that waits for it. */
  readonly cut: (exchange: Exchange) => void;
};

type Stall = { readonly responseBytes: number; readonly sinceMs: number };

/** Looks so often within the time that a client has. */
const LOOKS_PER_TIMEOUT = 4;

/**
 * Cuts clients that do not take their response: one that reads nothing, or a little now and then, would hold its connection, the target's and what waits in
 * between for ever. A client has the time to take what was written in one go, 64 KiB as a rule.
 */
export class StalledClients {
  readonly #timeoutMs: number;
  readonly #cut: StallContext["cut"];
  readonly #stalls = new Map<Exchange, Stall>();
  readonly #timer: NodeJS.Timeout;

  constructor(open: Iterable<Exchange>, { timeoutMs, now, cut }: StallContext) {
    this.#timeoutMs = timeoutMs;
    this.#cut = cut;
    this.#timer = setInterval(() => this.#look(open, now()), Math.ceil(timeoutMs / LOOKS_PER_TIMEOUT));
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(open: Iterable<Exchange>, nowMs: number): void {
    for (const exchange of open) {
      const { response, responseBytes } = exchange;
      const stall = this.#stalls.get(exchange);
      if (response.writableLength === 0) this.#stalls.delete(exchange);
      else if (stall?.responseBytes !== responseBytes) this.#begin(exchange, nowMs);
      else if (nowMs - stall.sinceMs >= this.#timeoutMs) this.#end(exchange);
    }
  }

  #begin(exchange: Exchange, nowMs: number): void {
    if (!this.#stalls.has(exchange)) exchange.whenOver(() => this.#stalls.delete(exchange));
    this.#stalls.set(exchange, { responseBytes: exchange.responseBytes, sinceMs: nowMs });
  }

  #end(exchange: Exchange): void {
    exchange.fault = "CLIENT_STALLED";
    this.#cut(exchange);
  }
}
