import { type Statement, textsOf } from "../statement.ts";
import { isBelow, type Place } from "./places.ts";
import type { Server } from "./sections.ts";

/** Requests that are passed on: from a path on, or by a pattern of a rewrite rule. */
export type Route = {
  readonly path: string;
  readonly name: string;
  readonly target: string;
  /** Whether a WebSocket handshake gets through. */
  readonly passesUpgrade: boolean;
  readonly statement: Statement;
};

/**
 * The ways through a server: its `ProxyPass` lines and those of locations, rewrite rules with `[P]`, and each location below one of them that says something of its own.
 *
 * Source: Apache, mod_proxy: the first line whose path fits holds, one in a location before others. mod_rewrite, flag P.
 */
export function routesOf({ main, own }: Server, places: readonly Place[]): readonly Route[] {
  // a host's own lines are looked at behind those that it takes over
  const lines = [...main, ...own];
  const inLocations = places
    .slice(1)
    .flatMap(({ path, lines: inner }) => (path === undefined ? [] : inner.flatMap((line) => routesIn(line, path))));
  const routes = [...inLocations, ...lines.flatMap((line) => routesIn(line, undefined))];
  const below = places.flatMap(({ path }) => {
    const outer =
      path === undefined || routes.some((route) => route.path === path) ? undefined : routes.find((route) => isBelow(path, route.path));
    return outer === undefined || path === undefined ? [] : [{ ...outer, path, name: path }];
  });
  return [...routes.filter(isFirst), ...below.filter(isFirst)].filter(({ target }) => target !== "!");
}

function isFirst({ name }: Route, index: number, routes: readonly Route[]): boolean {
  return routes.findIndex((other) => other.name === name) === index;
}

function routesIn(statement: Statement, path: string | undefined): readonly Route[] {
  const texts = textsOf(statement.words).filter((text) => text !== "interpolate" && text !== "noquery");
  switch (statement.name) {
    case "proxypass":
    case "proxypassmatch": {
      const [from = "/", target = ""] = path === undefined ? texts : [path, ...texts];
      const options = texts.slice(path === undefined ? 2 : 1);
      const isMatch = statement.name === "proxypassmatch";
      const passesUpgrade = /^wss?:/.test(target) || options.some((option) => /^upgrade=/i.test(option));
      return [{ path: isMatch ? "/" : from, name: isMatch ? `~ ${from}` : from, target, passesUpgrade, statement }];
    }
    case "rewriterule": {
      const [pattern = "", target = "", flags = ""] = texts;
      if (!/[[,](?:P|proxy)[\],]/.test(flags)) return [];
      return [
        { path: path ?? "/", name: `${path ?? ""} RewriteRule ${pattern}`.trim(), target, passesUpgrade: /^wss?:/.test(target), statement },
      ];
    }
    default:
      return [];
  }
}
