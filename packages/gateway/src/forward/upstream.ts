import { Pool } from "undici";
import type { GatewayLimits } from "../limits.ts";
import type { CompiledTarget } from "../route/targets.ts";

/** What can be told about a target while the gateway runs. */
export type TargetState = {
  /** Its origin. Two states have the same one when routes reach it by different settings. */
  readonly target: string;
  /** Requests and WebSockets that are open to it through this gateway. */
  readonly open: number;
};

/** A target in operation: its connections, and what is known of how it does. */
export class Upstream {
  readonly target: CompiledTarget;
  readonly #limits: GatewayLimits;
  #pool: Pool | undefined;
  #open = 0;

  constructor(target: CompiledTarget, limits: GatewayLimits) {
    this.target = target;
    this.#limits = limits;
  }

  /** Its connections, opened with its first request. */
  get pool(): Pool {
    this.#pool ??= openPool(this.target, this.#limits);
    return this.#pool;
  }

  /** Requests and WebSockets that are open to it. */
  get open(): number {
    return this.#open;
  }

  /** Something is sent to it. Each call is followed by one of `end`. */
  begin(): void {
    this.#open += 1;
  }

  /** What was begun is over, one way or another. */
  end(): void {
    this.#open -= 1;
  }

  state(): TargetState {
    return { target: this.target.origin, open: this.#open };
  }

  /** Lets requests in flight finish, then closes its connections. */
  async close(): Promise<void> {
    await this.#pool?.close();
  }

  /** Cuts every connection. */
  async destroy(): Promise<void> {
    await this.#pool?.destroy();
  }
}

function openPool({ origin, connectTimeoutMs }: CompiledTarget, limits: GatewayLimits): Pool {
  return new Pool(origin, {
    connections: limits.maxUpstreamConnections,
    connectTimeout: connectTimeoutMs ?? limits.connectTimeoutMs,
    headersTimeout: limits.upstreamHeadersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // One request at a time on a connection: a second one behind it would share its fate.
    pipelining: 1,
    allowH2: false,
  });
}
