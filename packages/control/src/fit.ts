import type { Policy } from "wherefrom";
import { countedHops, shapeOf, shorterThan } from "./chain-shape.ts";
import { compareTransports } from "./compare-transports.ts";
import { doubtfulIn, MIN_REQUESTS, NEARLY_ALL, PRESENT } from "./environment-facts.ts";
import type { FitFinding } from "./misfit.ts";
import type { RecentTraffic } from "./recent-traffic.ts";
import { localRequests, providerRequests } from "./result-kinds.ts";

/** Share of results from which private ones are the rule, and not a colleague's. */
const MOSTLY = 0.5;
/** Share of results from which those of a provider are no visitor's who uses its network. */
const SOME = 0.05;
/** User agents from which one address cannot be one client. */
const MIN_AGENTS = 3;

/** Whether a policy fits: `unknown` when there are too few requests to say. */
export type Fit =
  | { readonly kind: "unknown" }
  | { readonly kind: "fits" }
  | { readonly kind: "misfits"; readonly findings: readonly FitFinding[] };

type Share = { readonly count: number; readonly of: number; readonly least: number };

/** Judges how requests came out. Pure. */
export function judgeFit(traffic: RecentTraffic, policy: Policy): Fit {
  const { requests, rejected, fallbacks, results, agents } = traffic;
  if (requests < MIN_REQUESTS) return { kind: "unknown" };
  const found = (kind: FitFinding["kind"], count: number, least: number): readonly FitFinding[] =>
    foundIn(kind, { count, of: requests, least });
  const findings = [
    ...found("fallbacks", doubtfulIn(fallbacks), PRESENT),
    ...found("no-address", rejected, PRESENT),
    ...found("private-results", localRequests(results), MOSTLY),
    ...found("provider-results", providerRequests(results), SOME),
    ...(agents.values.length >= MIN_AGENTS ? found("one-address", results.values[0]?.requests ?? 0, NEARLY_ALL) : []),
    ...chainFindings(traffic, policy),
    ...found("websocket-differs", compareTransports(traffic)?.requests ?? 0, 0),
  ];
  return findings.length === 0 ? { kind: "fits" } : { kind: "misfits", findings };
}

function chainFindings({ chains }: RecentTraffic, policy: Policy): readonly FitFinding[] {
  const counted = countedHops(policy);
  const shape = shapeOf(chains);
  if (counted === undefined || shape === undefined || shape.requests < MIN_REQUESTS) return [];
  const { requests, written } = shape;
  const isLong = written > counted;
  return [
    ...foundIn("short-chains", { count: shorterThan(shape, counted), of: requests, least: PRESENT }),
    ...(isLong ? foundIn("long-chains", { count: requests - shorterThan(shape, written), of: requests, least: NEARLY_ALL }) : []),
  ];
}

function foundIn(kind: FitFinding["kind"], { count, of, least }: Share): readonly FitFinding[] {
  return count > 0 && count >= least * of ? [{ kind, share: count / of }] : [];
}
