import type { Subject } from "../scan/scan-plan.ts";

/** Depths that are tried from the right, where nobody says how many. */
export const DEFAULT_DEPTH = 3;

export type SubjectOptions = {
  /** The policy that is asked about. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** The header that alternatives read, in lower case. */
  readonly chainHeader: string;
  /** Networks that the walk trusts, as a trust list has them. */
  readonly trusted: readonly string[];
  readonly depth: number;
};

/** The id of the policy that is asked about, and of the others by what they do. */
export const GIVEN = "policy";
export const PEER = "peer";
const WALK = "trusted proxies";

export function indexId(index: number): string {
  return `index ${index}`;
}

/** The policy that is asked about, and what else could be set: the peer, each index, the leftmost, a walk over trusted proxies. They do not fall back, so that it shows where they give nothing. */
export function subjectsFor({ policy, chainHeader, trusted, depth }: SubjectOptions): readonly Subject[] {
  const byIndex = (index: number): Subject => ({
    id: indexId(index),
    policy: { headerIndexAlgorithm: { ipHeaderName: chainHeader, ipHeaderIndex: index }, fallback: "REJECT" },
  });
  return [
    { id: GIVEN, policy },
    { id: PEER, policy: { peerAddressAlgorithm: {} } },
    byIndex(0),
    ...Array.from({ length: depth }, (_, at) => byIndex(-1 - at)),
    { id: WALK, policy: { trustedProxiesAlgorithm: { ipHeaderName: chainHeader, trustedProxies: trusted }, fallback: "REJECT" } },
  ];
}

/** The header that a log's chains are read from: the one that the policy names where the log has it, else what it has. */
export function chainHeaderOf(logged: readonly string[], policyHeaders: ReadonlySet<string>): string {
  const named = logged.find((name) => policyHeaders.has(name) && LISTS.has(name));
  return named ?? logged.find((name) => LISTS.has(name)) ?? "x-forwarded-for";
}

const LISTS: ReadonlySet<string> = new Set(["x-forwarded-for", "forwarded", "x-original-forwarded-for"]);
