import { limitsWith } from "../header/limits.ts";
import type { Policy } from "../resolve/policy.ts";
import { adviseEntrances, adviseFallback, adviseHeader, adviseIndex, adviseSingleHeader } from "./advise-algorithm.ts";
import { adviseTrust } from "./advise-trust.ts";
import type { Advisory, AdvisoryContext } from "./advisory.ts";
import { advisoryOf } from "./advisory-text.ts";
import { dayNumber } from "./day.ts";
import { type LocatedEntrance, type LocatedPolicy, locatePolicy, policyJsonOf } from "./located-policy.ts";
import { parsePolicy } from "./parse.ts";
import { PROVIDERS } from "./providers.ts";
import { suppress } from "./suppressions.ts";

/** IPv6 bits that one subscriber gets whole. */
const SUBSCRIBER_BITS = 64;

/**
 * Says what a valid policy allows that its author may not have meant. It changes nothing and judges no request. An empty list is no proof that the
 * proxies outside do what the policy believes of them.
 *
 * Given:  the JSON of a policy, its text, or a parsed `Policy`; of that one, pointers are in camelCase.
 * Errors: `PolicyError` for a policy that is not valid; `LimitError` for a limit outside its range; `RangeError` for a `now` that is no day.
 */
export function advise(policyJson: unknown, context: AdvisoryContext = {}): readonly Advisory[] {
  const { now, providers = PROVIDERS } = context;
  if (now !== undefined && dayNumber(now) === undefined) throw new RangeError("now: Expected a day such as 2026-11-23");
  const json = jsonOf(policyJson);
  const policy = parsePolicy(json, { providers });
  const located = locatePolicy(json, policy, providers);
  const { maxHops } = limitsWith(context.limits);
  const advisories = [
    ...adviseNothing(located),
    ...located.entrances.flatMap((entrance) => adviseEntrance(entrance, { ...context, maxHops })),
    ...adviseEntrances(located),
    ...adviseFallback(located),
    ...adviseGroupPrefix(located),
    ...adviseEmitted(context.emittedHeaders ?? []),
  ];
  return suppress(advisories, context.suppressions ?? [], now);
}

function jsonOf(given: unknown): unknown {
  if (typeof given === "string") {
    // What is no JSON goes on as it is: the parser says so, with its own error.
    try {
      return JSON.parse(given);
    } catch {
      return given;
    }
  }
  return isPolicy(given) ? policyJsonOf(given) : given;
}

/** No field of a policy's JSON is called `algorithm`. */
function isPolicy(given: unknown): given is Policy {
  return typeof given === "object" && given !== null && "algorithm" in given && "ipv6GroupPrefix" in given && "fallback" in given;
}

function adviseNothing({ entrances }: LocatedPolicy): readonly Advisory[] {
  if (entrances.length > 0) return [];
  return [advisoryOf("ADVISORY_NOTHING_CONFIGURED", { pointer: "", summary: "No algorithm is configured" })];
}

function adviseEntrance(entrance: LocatedEntrance, context: AdvisoryContext & { readonly maxHops: number }): readonly Advisory[] {
  return [
    ...adviseHeader(entrance),
    ...(entrance.kind === "header-index" ? adviseIndex(entrance, context.maxHops) : []),
    ...(entrance.kind === "single-header" ? adviseSingleHeader(entrance, context) : []),
    ...(entrance.trust === undefined ? [] : adviseTrust(entrance.trust, context)),
  ];
}

function adviseGroupPrefix({ ipv6GroupPrefix: { value, pointer } }: LocatedPolicy): readonly Advisory[] {
  if (value <= SUBSCRIBER_BITS) return [];
  return [
    advisoryOf("ADVISORY_GROUP_PREFIX_NARROW", { pointer, summary: `Keys are of /${value}, and a subscriber has a /${SUBSCRIBER_BITS}` }),
  ];
}

function adviseEmitted(names: readonly string[]): readonly Advisory[] {
  const lowerNames = names.map((name) => name.toLowerCase());
  if (!lowerNames.includes("x-forwarded-for") || !lowerNames.includes("forwarded")) return [];
  return [advisoryOf("ADVISORY_CHAIN_HEADERS_BOTH_EMITTED", { pointer: "", summary: "Upstreams get both X-Forwarded-For and Forwarded" })];
}
