import { doubtfulIn, MIN_REQUESTS, PRESENT } from "./environment-facts.ts";
import type { FitFinding } from "./misfit.ts";
import type { RecentTraffic, Spread } from "./recent-traffic.ts";
import { localRequests, NEARLY_ALL } from "./traffic-facts.ts";

/** Share of results from which private ones are the rule, and not a colleague's. */
const MOSTLY = 0.5;
/** User agents from which one address cannot be one client. */
const MIN_AGENTS = 3;

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
