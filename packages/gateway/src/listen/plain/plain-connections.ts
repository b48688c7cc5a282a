import type { GatewayLimits } from "../../limits.ts";
import { Places } from "../../places.ts";
import type { PlainConnection } from "./plain-connection.ts";

/** Looks so often within the shortest of the times. */
const LOOKS_PER_TIMEOUT = 4;

type Times = Pick<GatewayLimits, "headersTimeoutMs" | "keepAliveTimeoutMs">;

/**
 * The connections that Node's parser has not been given. What Node does for the others is done here: one on which nothing is asked does not stay for ever.
 *
 * Unit: counted in looks and not in time: when this process was stopped, its clients are not to blame. So a time ends up to a quarter late.
 */
export class PlainConnections {
  readonly #open = new Places<PlainConnection>();
  readonly #timer: NodeJS.Timeout;
  readonly #maxLooks: { readonly unused: number; readonly used: number };

  /** `onLate`: nothing has come on a new connection in time for a request. One that has served requests is closed without a word. */
  constructor({ headersTimeoutMs, keepAliveTimeoutMs }: Times, onLate: (connection: PlainConnection) => void) {
    const lookMs = Math.ceil(Math.min(headersTimeoutMs, keepAliveTimeoutMs) / LOOKS_PER_TIMEOUT);
    this.#maxLooks = { unused: Math.ceil(headersTimeoutMs / lookMs), used: Math.ceil(keepAliveTimeoutMs / lookMs) };
    this.#timer = setInterval(() => this.#look(onLate), lookMs).unref();
  }

  add(connection: PlainConnection): void {
    this.#open.add(connection);
  }

  delete(connection: PlainConnection): void {
    this.#open.delete(connection);
  }

  /** Ends those on which nothing is asked: none of them has half a header. */
  endIdle(): void {
    for (const { pipeline } of this.#open) if (pipeline.isIdle) pipeline.destroy();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(onLate: (connection: PlainConnection) => void): void {
    for (const connection of this.#open) {
      const { pipeline } = connection;
      if (!pipeline.isIdle) continue;
      connection.idleLooks += 1;
      if (!pipeline.hasTaken && connection.idleLooks > this.#maxLooks.unused) onLate(connection);
      else if (pipeline.hasTaken && connection.idleLooks > this.#maxLooks.used) pipeline.linger();
    }
  }
}
