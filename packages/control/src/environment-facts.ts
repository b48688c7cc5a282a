import type { FactValue } from "@wherefrom/diagnosis";
import type { FallbackCounts } from "@wherefrom/model";
import type { Policy } from "wherefrom";
import type { FleetGateway } from "./fleet.ts";
import { sumOfCounts } from "./sum-of-counts.ts";

type Algorithm = Policy["algorithm"];
type TrustList = Extract<Algorithm, { readonly kind: "trusted-proxies" }>["trustedProxies"];

/** Requests that must have been resolved before they say something. */
export const MIN_REQUESTS = 20;
/** Share of requests from which fallbacks are no accident. */
export const PRESENT = 0.01;
/** Share of requests that is nearly all of them. */
export const NEARLY_ALL = 0.95;
/** Share of requests that is most of them. */
export const MOSTLY = 0.5;
/** User agents from which one address cannot be one client. */
export const MIN_AGENTS = 3;

/** An environment in the revision that counts, with the policy read, and the gateways that were heard of. */
export type EnvironmentSight = { readonly policy: Policy; readonly revision: number; readonly fleet: readonly FleetGateway[] };

/**
 * What control knows of an environment for a diagnosis: whom its policy believes, and how the gateways fare that run it. What they did under another
 * revision does not count, and a fact that control cannot be sure of is left out.
 */
export function factsOfEnvironment({ policy, revision, fleet }: EnvironmentSight): Readonly<Record<string, FactValue>> {
  const trust = trustOf(policy.algorithm);
  return { ...(trust !== undefined && { "app.trust": trust }), ...fallbackFacts(revision, fleet) };
}

function fallbackFacts(revision: number, fleet: readonly FleetGateway[]): Readonly<Record<string, FactValue>> {
  const counts = fleet.flatMap(({ isStale, report }) =>
    isStale || report?.revision !== revision ? [] : [{ requests: report.requests ?? 0, fallbacks: doubtfulIn(report.fallbacks ?? {}) }],
  );
  const sum = (of: "requests" | "fallbacks"): number => counts.reduce((total, count) => total + count[of], 0);
  const shares = counts.filter(({ requests }) => requests >= MIN_REQUESTS).map(({ requests, fallbacks }) => fallbacks / requests);
  const isMixed = shares.some((share) => share >= MOSTLY) && shares.some((share) => share < PRESENT);
  return {
    ...(sum("requests") >= MIN_REQUESTS && { "res.usedFallback": sum("fallbacks") >= PRESENT * sum("requests") }),
    ...(isMixed && { "cmp.nodeDependent": true }),
  };
}

/** Fallbacks that leave the address in doubt. A peer that is not trusted is its own client: whoever came past the proxies is seen as it is. */
export function doubtfulOf({ "untrusted-peer": _, ...fallbacks }: FallbackCounts): FallbackCounts {
  return fallbacks;
}

export function doubtfulIn(fallbacks: FallbackCounts): number {
  return sumOfCounts(doubtfulOf(fallbacks));
}

/** Whom the algorithm believes, in the words of the signal; `undefined` where that depends on who can get past the proxies. */
export function trustOf(algorithm: Algorithm): string | undefined {
  switch (algorithm.kind) {
    case "default":
      return "wildcard";
    case "peer-address":
      return "none";
    case "trusted-proxies":
      return trustIn(algorithm.trustedProxies);
    case "single-header":
      return trustIn(algorithm.trustedPeers);
    case "header-index":
      if (algorithm.trustedPeers !== undefined) return trustIn(algorithm.trustedPeers);
      return algorithm.index >= 0 ? "wildcard" : undefined;
    case "first-match": {
      const [first, ...others] = algorithm.algorithms.map(trustOf);
      return others.every((trust) => trust === first) ? first : undefined;
    }
  }
}

/** A peer without an address is on this machine, too. */
function trustIn({ rules }: TrustList): string {
  const networks = rules.flatMap(({ prefixes }) => prefixes);
  if (networks.some(({ length }) => length === 0)) return "wildcard";
  return networks.every(({ text }) => text.startsWith("127.") || text === "::1/128") ? "loopback" : "list";
}
