import { type Route, type RouteTarget, targetsOf } from "@wherefrom/model";
import type { LoadedTls, LoadedTlsMap } from "./target-tls.ts";

/** A target taken apart. It never changes; what happens to the server behind it is an `Upstream`. */
export type CompiledTarget = {
  /** What its connections and its health are kept by: all that a connection depends on, so that none is ever shared by two that would not make it alike. */
  readonly key: string;
  /** `http://host:port`, without a port that the scheme implies. */
  readonly origin: string;
  /** What the target gets as Host. */
  readonly host: string;
  /** Without brackets, as a socket takes it. */
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** In place of `hostname` and `port`. */
  readonly socketPath: string | undefined;
  readonly isHttp2: boolean;
  /** `undefined` where nothing is set; https then takes what Node trusts. */
  readonly tls: LoadedTls | undefined;
  /** `undefined` where the gateway's limit holds. */
  readonly connectTimeoutMs: number | undefined;
  readonly headersTimeoutMs: number | undefined;
  readonly bodyTimeoutMs: number | undefined;
};

/** The targets of one route and how to choose among them. */
export type CompiledTargets = {
  /** Routes with the same targets and balancing share whose turn it is. */
  readonly key: string;
  readonly balancing: Route["balancing"];
  /** At least one. */
  readonly list: readonly CompiledTarget[];
};

/** Takes the targets of a route apart. Their TLS settings have been loaded. */
export function compileTargets(route: Route, tls: LoadedTlsMap): CompiledTargets {
  const list = targetsOf(route).map((target) => compileTarget(target, { timeouts: route.timeouts, tls }));
  return { key: JSON.stringify([route.balancing, ...list.map(({ key }) => key)]), balancing: route.balancing, list };
}

type TargetContext = { readonly timeouts: Route["timeouts"]; readonly tls: LoadedTlsMap };

function compileTarget(target: RouteTarget, ofRoute: TargetContext): CompiledTarget {
  const { socketPath, http2: isHttp2, timeouts } = target;
  const { origin, host, hostname, port, protocol } = new URL(target.url);
  const isSecure = protocol === "https:";
  const tls = target.tls && ofRoute.tls.get(target.tls);
  const connectTimeoutMs = timeouts?.connectMs ?? ofRoute.timeouts?.connectMs;
  return {
    key: JSON.stringify({ origin, socketPath, isHttp2, tls: tls?.digest, connectTimeoutMs }),
    origin,
    host,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? defaultPort(isSecure) : Number(port),
    isSecure,
    socketPath,
    isHttp2,
    tls,
    connectTimeoutMs,
    headersTimeoutMs: timeouts?.headersMs ?? ofRoute.timeouts?.headersMs,
    bodyTimeoutMs: timeouts?.bodyMs ?? ofRoute.timeouts?.bodyMs,
  };
}

function defaultPort(isSecure: boolean): number {
  return isSecure ? 443 : 80;
}
