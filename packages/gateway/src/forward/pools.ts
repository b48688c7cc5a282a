import { Pool } from "undici";
import type { GatewayLimits } from "../limits.ts";

/** Connections to targets, by origin. It owns them: one that no snapshot names any more is closed when its last request is done. */
export class Pools {
  readonly #limits: GatewayLimits;
  readonly #pools = new Map<string, Pool>();
  /** Pools on their way out. */
  readonly #closing = new Set<Pool>();

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  /** The pool of an origin, opened with its first request. */
  of(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const pool = openPool(origin, this.#limits);
    this.#pools.set(origin, pool);
    return pool;
  }

  /** Lets go of every origin but these. Requests in flight to the others finish first. */
  keepOnly(origins: ReadonlySet<string>): void {
    for (const [origin, pool] of this.#pools) {
      if (!origins.has(origin)) {
        this.#pools.delete(origin);
        this.#retire(pool);
      }
    }
  }

  /** Cuts every connection. */
  async destroy(): Promise<void> {
    const all = [...this.#pools.values(), ...this.#closing];
    this.#pools.clear();
    await Promise.all(all.map((pool) => pool.destroy()));
  }

  #retire(pool: Pool): void {
    this.#closing.add(pool);
    const forget = (): void => void this.#closing.delete(pool);
    pool.close().then(forget, forget);
  }
}

function openPool(origin: string, limits: GatewayLimits): Pool {
  return new Pool(origin, {
    connections: limits.maxUpstreamConnections,
    connectTimeout: limits.connectTimeoutMs,
    headersTimeout: limits.upstreamHeadersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // One request at a time on a connection: a second one behind it would share its fate.
    pipelining: 1,
    allowH2: false,
  });
}
