import type { Route } from "@wherefrom/model";
import type { LoadedTlsMap } from "./target-tls.ts";
import { type CompiledTargets, compileTargets } from "./targets.ts";

/** A route with its targets taken apart. */
export type CompiledRoute = {
  readonly route: Route;
  readonly targets: CompiledTargets;
};

/** The routes of one snapshot, the most specific first. */
export type RouteTable = {
  /** The route for a request; `undefined` when none matches. */
  match(place: { readonly hostname: string; readonly path: string }): CompiledRoute | undefined;
  readonly routes: readonly CompiledRoute[];
};

/**
 * Builds the table. Of the routes that match, an exact host wins over `*.domain`, the longer domain over the shorter, any of them over `*`;
 * among equals the longest base path wins. A base path matches by whole segments: `/api` takes `/api` and `/api/x`, not `/apis`.
 */
export function createRouteTable(routes: readonly Route[], tls: LoadedTlsMap): RouteTable {
  const entries = routes.map((route) => createEntry(route, tls)).toSorted(bySpecificity);
  return {
    match: ({ hostname, path }) => entries.find((entry) => matchesHost(entry, hostname) && matchesPath(entry, path))?.compiled,
    routes: entries.map((entry) => entry.compiled),
  };
}

/** What two routes of one snapshot may not share: their host in lower case and their base path without final slash. */
export function routeKey({ host, basePath }: Route): string {
  return `${host.toLowerCase()} ${plainBasePath(basePath)}`;
}

type Entry = {
  readonly compiled: CompiledRoute;
  /** The exact host; the ending with its dot for `*.domain`; empty for `*`. */
  readonly host: string;
  readonly kind: "exact" | "ending" | "any";
  /** Without final slash; empty for the root. */
  readonly basePath: string;
};

function createEntry(route: Route, tls: LoadedTlsMap): Entry {
  const host = route.host.toLowerCase();
  const basePath = plainBasePath(route.basePath);
  const compiled = { route, targets: compileTargets(route, tls) };
  if (host === "*") return { compiled, host: "", kind: "any", basePath };
  if (host.startsWith("*.")) return { compiled, host: host.slice(1), kind: "ending", basePath };
  return { compiled, host, kind: "exact", basePath };
}

const rank: Readonly<Record<Entry["kind"], number>> = { exact: 0, ending: 1, any: 2 };

function bySpecificity(left: Entry, right: Entry): number {
  return rank[left.kind] - rank[right.kind] || right.host.length - left.host.length || right.basePath.length - left.basePath.length;
}

function matchesHost({ kind, host }: Entry, hostname: string): boolean {
  switch (kind) {
    case "any":
      return true;
    case "exact":
      return hostname === host;
    case "ending":
      return hostname.endsWith(host) && hostname.length > host.length;
  }
}

function matchesPath({ basePath }: Entry, path: string): boolean {
  return path.startsWith(basePath) && (path.length === basePath.length || path[basePath.length] === "/");
}

function plainBasePath(basePath: string): string {
  return basePath.endsWith("/") ? basePath.slice(0, -1) : basePath;
}
