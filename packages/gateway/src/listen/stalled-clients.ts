import type { ClientResponse } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";

type StallContext = {
  readonly timeoutMs: number;
  readonly now: () => number;
  /**
   * Lets go at once of the clients of the exchanges that are overdue, and of all that waits for them. `stuck` are all of which nothing was taken since the last
   * look, those among them.
   */
  readonly cut: (overdue: readonly Exchange[], stuck: readonly Exchange[]) => void;
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
    const overdue: Exchange[] = [];
    const stuck: Exchange[] = [];
    for (const exchange of open) {
      const { response, responseBytes } = exchange;
      const stall = this.#stalls.get(exchange);
      if (!isWaiting(response)) this.#stalls.delete(exchange);
      else if (stall?.responseBytes !== responseBytes) this.#begin(exchange, nowMs);
      else {
        stuck.push(exchange);
        if (nowMs - stall.sinceMs >= this.#timeoutMs) overdue.push(exchange);
      }
    }
    if (overdue.length > 0) this.#cut(overdue, stuck);
  }

  #begin(exchange: Exchange, nowMs: number): void {
    if (!this.#stalls.has(exchange)) exchange.whenOver(() => this.#stalls.delete(exchange));
    this.#stalls.set(exchange, { responseBytes: exchange.responseBytes, sinceMs: nowMs });
  }
}

/** Whether something of an answer is to be taken by the client: bytes, or over HTTP/2 its end alone. */
function isWaiting({ writableLength, writableEnded, writableFinished }: ClientResponse): boolean {
  return writableLength > 0 || (writableEnded && !writableFinished);
}
