import { type Level, lastOf } from "./level.ts";
import { PathTree } from "./path-tree.ts";
import type { Route } from "./routes.ts";
import type { Server } from "./sections.ts";

/**
 * The ways through a server: its `ProxyPass` lines and those of locations, rewrite rules with `[P]`, and each location below one of them that says something of its own.
 *
 * Source: Apache, mod_proxy: the first line whose path fits holds, one in a location before others. mod_rewrite: the switch of the main server holds in its hosts, its rules do not.
 */
export function routesOf(server: Server): readonly Route[] {
  const { main, own } = server;
  // a host's own lines are looked at behind those that it takes over
  const levels = own === undefined ? [main] : [main, own];
  const lines = own === undefined ? linesOf(server, main) : [...main.lineRoutes.filter(isNoRule), ...linesOf(server, own)];
  const routes = firstsOf([...levels.flatMap((level) => level.locationRoutes), ...lines]);
  const paths = new Set(routes.map(({ path }) => path));
  const tree = new PathTree<number>();
  for (const [index, { path }] of routes.entries()) tree.add(path, index);
  const below = levels
    .flatMap((level) => level.paths)
    .flatMap((path) => {
      const outer = paths.has(path) ? undefined : routes[smallestOf(tree.above(path))];
      return outer === undefined ? [] : [{ ...outer, path, name: path }];
    });
  return [...routes, ...firstsOf(below)].filter(({ target }) => target !== "!");
}

/** The routes of a level's lines; its rewrite rules where they are switched on. */
function linesOf(server: Server, { lineRoutes }: Level): readonly Route[] {
  const isRewriting = lastOf(server, "rewriteengine")?.words[0]?.text.toLowerCase() === "on";
  return isRewriting ? lineRoutes : lineRoutes.filter(isNoRule);
}

function isNoRule({ statement }: Route): boolean {
  return statement.name !== "rewriterule";
}

/** The first of each name. */
function firstsOf(routes: readonly Route[]): readonly Route[] {
  const seen = new Set<string>();
  return routes.filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** -1 where there is none. */
function smallestOf(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => (least === -1 || number < least ? number : least), -1);
}
