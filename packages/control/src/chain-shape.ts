import type { Policy } from "wherefrom";
import { keptFields } from "./kept-fields.ts";
import type { RecentTraffic, Spread } from "./recent-traffic.ts";

/** Share of requests that may have fewer hops than the path writes: health checks, and whoever comes past it. */
const MAX_SHORT = 0.01;
/** Share of the chains that were kept as something else, from which nothing is known of their hops. */
const MOSTLY = 0.5;

const X_FORWARDED_FOR = "X-Forwarded-For";

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

/** What a policy counts hops in, and how many the header has to have. */
export type CountedHops = {
  /** As the policy names it. */
  readonly headerName: string;
  readonly hops: number;
  /** From the right, where the path writes: more of them then are another proxy's. From the left they are anybody's. */
  readonly isFromRight: boolean;
};

/** `undefined` for a policy that counts no hops. */
export function countedHops({ algorithm }: Policy): CountedHops | undefined {
  if (algorithm.kind !== "header-index") return undefined;
  const { headerName, index } = algorithm;
  return { headerName, hops: index < 0 ? -index : index + 1, isFromRight: index < 0 };
}

/** The header that a policy counts hops in, X-Forwarded-For where it counts none. */
export function countedHeader(policy: Policy): string {
  return countedHops(policy)?.headerName ?? X_FORWARDED_FOR;
}

/** The values of that header as it came. Nothing is known of another one where evidence is not kept. */
export function countedChains(policy: Policy, { chains, evidence }: Pick<RecentTraffic, "chains" | "evidence">): Spread {
  const name = countedHeader(policy).toLowerCase();
  if (name === X_FORWARDED_FOR.toLowerCase()) return chains;
  const counts = new Map<string, number>();
  let absent = 0;
  for (const { text, requests } of evidence.values) {
    const lines = keptFields(text).flatMap(([field, value]) => (field === name ? [value] : []));
    // a comma in quotes separates nothing: RFC 7239, section 4
    const chain = lines.join(",").replace(/"(?:[^"\\]|\\.)*"/g, '""');
    if (lines.length === 0) absent += requests;
    else counts.set(chain, (counts.get(chain) ?? 0) + requests);
  }
  const values = [...counts].map(([text, requests]) => ({ text, requests })).toSorted((one, other) => other.requests - one.requests);
  return { requests: values.reduce((sum, { requests }) => sum + requests, 0), absent, values };
}

/** What the path writes beside what a policy counts from the right; `undefined` where that says nothing. */
export function hopsAgainstIndex(policy: Policy, chains: Spread): "fewer" | "equal" | "more" | undefined {
  const counted = countedHops(policy);
  const written = shapeOf(chains)?.written;
  if (counted === undefined || !counted.isFromRight || written === undefined || written === 0) return undefined;
  return written === counted.hops ? "equal" : written < counted.hops ? "fewer" : "more";
}

/** Requests whose chain has fewer hops than this. */
export function shorterThan({ hops }: ChainShape, count: number): number {
  return [...hops].filter(([length]) => length < count).reduce((sum, [, requests]) => sum + requests, 0);
}
