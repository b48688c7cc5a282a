import { doubtfulIn, MIN_REQUESTS, PRESENT } from "./environment-facts.ts";
import type { RecentTraffic, Spread } from "./recent-traffic.ts";
import { localRequests, NEARLY_ALL } from "./traffic-facts.ts";

/** Share of results from which private ones are the rule, and not a colleague's. */
const MOSTLY = 0.5;
/** User agents from which one address cannot be one client. */
const MIN_AGENTS = 3;

/** A sign that a policy does not fit its traffic. */
export type FitFinding = {
  readonly kind: /** The algorithm had no address, and a fallback was taken that leaves it in doubt. */
    | "fallbacks"
    /** Requests were rejected for want of an address. */
    | "no-address"
    /** Addresses that no client on the internet has are the rule. */
    | "private-results"
    /** Nearly all requests, of several user agents, are from one address. */
    | "one-address";
  /** Share of requests that it is about, from 0 to 1. */
  readonly share: number;
};

/** Whether a policy fits: `unknown` when there are too few requests to say. */
export type Fit =
  | { readonly kind: "unknown" }
  | { readonly kind: "fits" }
  | { readonly kind: "misfits"; readonly findings: readonly FitFinding[] };

/** Judges how requests came out. Pure. */
export function judgeFit(traffic: RecentTraffic): Fit {
  const { requests, rejected, fallbacks, results, agents } = traffic;
  if (requests < MIN_REQUESTS) return { kind: "unknown" };
  const found = (kind: FitFinding["kind"], { count, least }: { readonly count: number; readonly least: number }): readonly FitFinding[] =>
    count >= least * requests ? [{ kind, share: count / requests }] : [];
  const findings = [
    ...found("fallbacks", { count: doubtfulIn(fallbacks), least: PRESENT }),
    ...found("no-address", { count: rejected, least: PRESENT }),
    ...found("private-results", { count: localRequests(results), least: MOSTLY }),
    ...(agents.values.length >= MIN_AGENTS ? found("one-address", { count: results.values[0]?.requests ?? 0, least: NEARLY_ALL }) : []),
  ];
  return findings.length === 0 ? { kind: "fits" } : { kind: "misfits", findings };
}

/** Requests by the number of hops in X-Forwarded-For, those that were looked at. Empty elements do not count. */
export function hopCounts({ values }: Spread): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { text, requests } of values) {
    const hops = text.split(",").filter((element) => element.trim() !== "").length;
    counts.set(hops, (counts.get(hops) ?? 0) + requests);
  }
  return new Map([...counts].toSorted(([first], [second]) => first - second));
}
