import { type Route, type RouteTarget, targetsOf } from "@wherefrom/model";

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

/** Takes the targets of a route apart. */
export function compileTargets(route: Route): CompiledTargets {
  const list = targetsOf(route).map((target) => compileTarget(target, route.timeouts));
  return { key: JSON.stringify([route.balancing, ...list.map(({ key }) => key)]), balancing: route.balancing, list };
}

function compileTarget({ url, timeouts }: RouteTarget, ofRoute: Route["timeouts"]): CompiledTarget {
  const { origin, host, hostname, port, protocol } = new URL(url);
  const isSecure = protocol === "https:";
  const connectTimeoutMs = timeouts?.connectMs ?? ofRoute?.connectMs;
  return {
    key: JSON.stringify({ origin, connectTimeoutMs }),
    origin,
    host,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? defaultPort(isSecure) : Number(port),
    isSecure,
    connectTimeoutMs,
    headersTimeoutMs: timeouts?.headersMs ?? ofRoute?.headersMs,
    bodyTimeoutMs: timeouts?.bodyMs ?? ofRoute?.bodyMs,
  };
}

function defaultPort(isSecure: boolean): number {
  return isSecure ? 443 : 80;
}
