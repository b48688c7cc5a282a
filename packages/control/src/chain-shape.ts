import type { Spread } from "./recent-traffic.ts";

/** Share of requests that may have fewer hops than the path writes: health checks, and whoever comes past it. */
const MAX_SHORT = 0.01;
/** Share of the chains that were kept as something else, from which nothing is known of their hops. */
const MOSTLY = 0.5;

/** How many hops a header has where it is there, in the requests that were looked at. */
export type ChainShape = {
  readonly requests: number;
  /** Requests by the number of hops, the fewest first. */
  readonly hops: ReadonlyMap<number, number>;
  /** Hops that nearly every one has at least. A client may add some, and takes none away: this is what the path writes. 0 where there is no header. */
  readonly written: number;
};

/** Counts hops; `undefined` where addresses are not kept as they came, and a hop that came twice may be there once. */
export function shapeOf({ values, requests }: Spread): ChainShape | undefined {
  const changed = values.filter(({ text }) => /\/[0-9]|hashed-/.test(text)).reduce((sum, { requests: times }) => sum + times, 0);
  if (requests > 0 && changed >= MOSTLY * requests) return undefined;
  const hops = hopCounts({ values, absent: 0, requests });
  let below = 0;
  for (const [count, times] of hops) {
    below += times;
    if (below > MAX_SHORT * requests) return { requests, hops, written: count };
  }
  return { requests, hops, written: 0 };
}

/** Requests by the number of hops, those that were looked at. Empty elements do not count. */
export function hopCounts({ values, absent }: Spread): ReadonlyMap<number, number> {
  const counts = new Map<number, number>(absent === 0 ? [] : [[0, absent]]);
  for (const { text, requests } of values) {
    const hops = hopsIn(text).length;
    counts.set(hops, (counts.get(hops) ?? 0) + requests);
  }
  return new Map([...counts].toSorted(([first], [second]) => first - second));
}

export function hopsIn(chain: string): readonly string[] {
  return chain
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");
}

/** Requests whose chain has fewer hops than this. */
export function shorterThan({ hops }: ChainShape, count: number): number {
  return [...hops].filter(([length]) => length < count).reduce((sum, [, requests]) => sum + requests, 0);
}
