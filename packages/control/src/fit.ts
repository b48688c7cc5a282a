import type { Policy } from "wherefrom";
import { shapeOf, shorterThan } from "./chain-shape.ts";
import { compareTransports } from "./compare-transports.ts";
import { type CountedHops, countedHops } from "./counted-hops.ts";
import { doubtfulOf, MIN_AGENTS, MIN_REQUESTS, MOSTLY, NEARLY_ALL, PRESENT } from "./environment-facts.ts";
import type { Fit, FitFinding } from "./misfit.ts";
import type { Reasons, RecentTraffic } from "./recent-traffic.ts";
import { localRequests, providerRequests } from "./result-kinds.ts";
import { sumOfCounts } from "./sum-of-counts.ts";

/** Share of results from which those of a provider are no visitor's who uses its network. */
const SOME = 0.05;

type Share = { readonly count: number; readonly of: number; readonly least: number; readonly reasons?: Reasons };

type Judged = {
  readonly policy: Policy;
  /** Whether an address is known to be that of many clients, or of one that asks much. */
  readonly isKnown: (address: string) => boolean;
};

/** Judges how requests came out. Pure. */
export function judgeFit(traffic: RecentTraffic, { policy, isKnown }: Judged): Fit {
  const { requests: of, rejections, fallbacks, results } = traffic;
  if (of < MIN_REQUESTS) return { kind: "unknown" };
  const findings = [
    ...foundIn("fallbacks", { ...byReason(doubtfulOf(fallbacks)), of, least: PRESENT }),
    ...foundIn("no-address", { ...byReason(rejections), of, least: PRESENT }),
    // fewer may be colleagues
    ...foundIn("private-results", { count: localRequests(results), of, least: MOSTLY }),
    ...foundIn("provider-results", { count: providerRequests(results), of, least: SOME }),
    ...foundIn("one-address", { count: requestsOfOne(traffic, isKnown), of, least: MOSTLY }),
    ...countedHops(policy, traffic).flatMap(chainFindings),
    ...foundIn("websocket-differs", { count: compareTransports(traffic)?.requests ?? 0, of, least: 0 }),
  ];
  return findings.length === 0 ? { kind: "fits" } : { kind: "misfits", findings };
}

/** Requests of the commonest address, if it seems to be of several clients. A network is no address. */
function requestsOfOne({ results, topAgents }: RecentTraffic, isKnown: Judged["isKnown"]): number {
  const [top] = results.values;
  if (top === undefined || topAgents.values.length < MIN_AGENTS || top.text.includes("/") || isKnown(top.text)) return 0;
  return top.requests;
}

function chainFindings({ hops, isFromRight, chains, entrance }: CountedHops): readonly FitFinding[] {
  const shape = shapeOf(chains);
  if (shape === undefined || shape.requests < MIN_REQUESTS) return [];
  const { requests, written } = shape;
  const isLong = isFromRight && written > hops;
  const findings = [
    ...foundIn("short-chains", { count: shorterThan(shape, hops), of: requests, least: PRESENT }),
    ...(isLong ? foundIn("long-chains", { count: requests - shorterThan(shape, written), of: requests, least: NEARLY_ALL }) : []),
  ];
  return findings.map((finding) => ({ ...finding, ...(entrance && { algorithm: entrance.algorithm }) }));
}

function byReason(reasons: Reasons): Pick<Share, "count" | "reasons"> {
  return { count: sumOfCounts(reasons), reasons };
}

function foundIn(kind: FitFinding["kind"], { count, of, least, reasons }: Share): readonly FitFinding[] {
  if (count === 0 || count < least * of) return [];
  return [{ kind, share: count / of, ...(reasons && { reasons: sharesOf(reasons, of) }) }];
}

function sharesOf(reasons: Reasons, requests: number): Reasons {
  const greatestFirst = Object.entries(reasons).toSorted(([, one], [, other]) => other - one);
  return Object.fromEntries(greatestFirst.map(([reason, count]) => [reason, count / requests]));
}
