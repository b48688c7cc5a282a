import type { ClientResponse } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";

type StallContext = {
  readonly timeoutMs: number;
  /**
   * Lets go at once of the clients of the exchanges that are overdue, and of all that waits for them. `stuck` are all of which nothing was taken since the last
   * look, those among them.
   */
  readonly cut: (overdue: readonly Exchange[], stuck: readonly Exchange[]) => void;
};

/** `looks` have found it so. */
type Stall = { readonly responseBytes: number; looks: number };

/** Looks so often within the time that a client has. */
const LOOKS_PER_TIMEOUT = 4;

/**
 * Cuts clients that do not take their response: one that reads nothing, or a little now and then, would hold its connection, the target's and what waits in
 * between for ever. A client has the time to take what was written in one go, up to 192 KiB of a large body.
 *
 * Unit: counted in looks and not in time: when this process was stopped, its clients are not to blame. So a time ends up to a quarter late.
 */
export class StalledClients {
  readonly #cut: StallContext["cut"];
  readonly #stalls = new Map<Exchange, Stall>();
  readonly #timer: NodeJS.Timeout;

  constructor(open: Iterable<Exchange>, { timeoutMs, cut }: StallContext) {
    this.#cut = cut;
    this.#timer = setInterval(() => this.#look(open), Math.ceil(timeoutMs / LOOKS_PER_TIMEOUT));
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(open: Iterable<Exchange>): void {
    const overdue: Exchange[] = [];
    const stuck: Exchange[] = [];
    for (const exchange of open) {
      const { response, responseBytes } = exchange;
      const stall = this.#stalls.get(exchange);
      if (!isWaiting(response)) this.#stalls.delete(exchange);
      else if (stall?.responseBytes !== responseBytes) this.#begin(exchange);
      else {
        stuck.push(exchange);
        stall.looks += 1;
        if (stall.looks >= LOOKS_PER_TIMEOUT) overdue.push(exchange);
      }
    }
    if (overdue.length > 0) this.#cut(overdue, stuck);
  }

  #begin(exchange: Exchange): void {
    if (!this.#stalls.has(exchange)) exchange.whenOver(() => this.#stalls.delete(exchange));
    this.#stalls.set(exchange, { responseBytes: exchange.responseBytes, looks: 0 });
  }
}

/** Whether something of an answer is to be taken by the client: bytes, or over HTTP/2 its end alone. */
function isWaiting({ writableLength, writableEnded, writableFinished }: ClientResponse): boolean {
  return writableLength > 0 || (writableEnded && !writableFinished);
}
