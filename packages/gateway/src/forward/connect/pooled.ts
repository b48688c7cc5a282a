import { buildConnector, type Dispatcher, Pool } from "undici";
import type { GatewayLimits } from "../../limits.ts";
import type { CompiledTarget } from "../../route/targets.ts";
import { connectOptions } from "./connect-options.ts";
import type { Lookup } from "./lookup.ts";
import type { AnswerHandler, Outgoing } from "./outgoing.ts";
import type { SilenceTimeouts, SilenceWatch } from "./silence-watch.ts";

/** The HTTP/1.1 connections to one target. */
export function openPool(target: CompiledTarget, { limits, lookup }: { limits: GatewayLimits; lookup: Lookup }): Pool {
  const { servername, ...options } = connectOptions(target, lookup);
  const timeout = target.connectTimeoutMs ?? limits.connectTimeoutMs;
  const connectTo = buildConnector({ ...options, socketPath: target.socketPath ?? null, timeout, allowH2: false });
  return new Pool(target.origin, {
    // Undici would take the server name from Host.
    connect: servername === undefined ? connectTo : (place, callback) => connectTo({ ...place, servername }, callback),
    connections: limits.maxUpstreamConnections,
    keepAliveTimeout: limits.upstreamKeepAliveTimeoutMs,
    headersTimeout: limits.upstreamHeadersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // One request at a time on a connection: a second one behind it would share its fate.
    pipelining: 1,
  });
}

type PooledSending = SilenceTimeouts & { readonly handler: AnswerHandler; readonly silence: SilenceWatch };

/**
 * Sends one request on a connection of the pool, or on the next that is free. Of a request that has no body undici makes no timers, which it would make anew each time; it
 * knows best when those of one that has a body begin.
 */
export function sendPooled(pool: Dispatcher, { method, pathAndQuery, fields, body }: Outgoing, sending: PooledSending): void {
  const { handler, silence, headersTimeoutMs, bodyTimeoutMs } = sending;
  const isWatched = body === null;
  pool.dispatch(
    {
      method,
      path: pathAndQuery,
      headers: fields,
      body,
      headersTimeout: isWatched ? 0 : headersTimeoutMs,
      bodyTimeout: isWatched ? 0 : bodyTimeoutMs,
    },
    isWatched ? silence.over(handler, sending) : handler,
  );
}
