import { PathTree } from "./path-tree.ts";
import type { Route } from "./routes.ts";
import type { Server } from "./sections.ts";

/**
 * The ways through a server: its `ProxyPass` lines and those of locations, rewrite rules with `[P]`, and each location below one of them that says something of its own.
 *
 * Source: Apache, mod_proxy: the first line whose path fits holds, one in a location before others. mod_rewrite, flag P.
 */
export function routesOf({ main, own }: Server): readonly Route[] {
  // a host's own lines are looked at behind those that it takes over
  const levels = own === undefined ? [main] : [main, own];
  const routes = firstsOf([...levels.flatMap((level) => level.locationRoutes), ...levels.flatMap((level) => level.lineRoutes)]);
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

/** The first of each name. */
function firstsOf(routes: readonly Route[]): readonly Route[] {
  const seen = new Set<string>();
  return routes.filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** -1 where there is none. */
function smallestOf(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => (least === -1 || number < least ? number : least), -1);
}
