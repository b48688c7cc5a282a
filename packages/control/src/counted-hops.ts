import { createResolver, type Policy } from "wherefrom";
import { shapeOf } from "./chain-shape.ts";
import { keptFields } from "./kept-fields.ts";
import type { Chains, RecentTraffic, Spread } from "./recent-traffic.ts";

const X_FORWARDED_FOR = "X-Forwarded-For";
/** Entrances of one policy whose hops are looked at, the first of them: each is two more questions. */
const MAX_ENTRANCES = 8;

type HeaderIndex = Extract<Policy["algorithm"], { readonly kind: "header-index" }>;

/** Where a policy counts hops, and the values of the header that it counts in. */
export type CountedHops = {
  /** As the policy names it. */
  readonly headerName: string;
  /** How many it needs. */
  readonly hops: number;
  /** From the right, where the path writes: more of them then are another proxy's. From the left they are anybody's. */
  readonly isFromRight: boolean;
  readonly chains: Spread;
  /** Of a policy with several entrances, which it is. */
  readonly entrance?: Entrance;
};

/** `algorithm`: as events name it. `places`: where it stands in the list; several that differ in their peers alone are one here. */
export type Entrance = { readonly algorithm: string; readonly places: readonly number[] };

/** Everywhere that a policy counts hops. */
export function countedHops(policy: Policy, traffic: Pick<RecentTraffic, "chains" | "evidence" | "entrances">): readonly CountedHops[] {
  const { algorithm } = policy;
  if (algorithm.kind === "header-index") return [countedBy(algorithm, traffic)];
  return countingEntrances(policy).flatMap(({ configuration, ...entrance }) => {
    const own = traffic.entrances.get(entrance.algorithm);
    return own === undefined ? [] : [{ ...countedBy(configuration, own), entrance }];
  });
}

/** By which names events have the entrances that count hops. */
export function entranceNames(policy: Policy): readonly string[] {
  return countingEntrances(policy).map(({ algorithm }) => algorithm);
}

function countingEntrances(policy: Policy): readonly (Entrance & { readonly configuration: HeaderIndex })[] {
  const { algorithm } = policy;
  if (algorithm.kind !== "first-match") return [];
  const found = new Map<string, { configuration: HeaderIndex; places: number[] }>();
  for (const [place, configuration] of algorithm.algorithms.entries()) {
    if (configuration.kind !== "header-index") continue;
    const name = nameOf(policy, configuration);
    const entrance = found.get(name) ?? { configuration, places: [] };
    entrance.places.push(place);
    found.set(name, entrance);
  }
  return [...found].map(([name, entrance]) => ({ algorithm: name, ...entrance })).slice(0, MAX_ENTRANCES);
}

/** As the library names an entrance, for whatever peer. */
function nameOf(policy: Policy, entrance: HeaderIndex): string {
  const alone = { ...policy, algorithm: { kind: "first-match", algorithms: [{ ...entrance, trustedPeers: undefined }] } } as const;
  return createResolver(alone).resolve({ peer: "192.0.2.1", lines: () => [] }).algorithm;
}

function countedBy({ headerName, index }: HeaderIndex, chains: Chains): CountedHops {
  return { headerName, hops: index < 0 ? -index : index + 1, isFromRight: index < 0, chains: chainsIn(headerName, chains) };
}

/** The header that a policy counts hops in, X-Forwarded-For where it counts none, or in several. */
export function countedHeader({ algorithm }: Policy): string {
  return algorithm.kind === "header-index" ? algorithm.headerName : X_FORWARDED_FOR;
}

/** The values of a header as it came. Nothing is known of another one than X-Forwarded-For where evidence is not kept. */
export function chainsIn(headerName: string, { chains, evidence }: Chains): Spread {
  const name = headerName.toLowerCase();
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
export function hopsAgainstIndex({ hops, isFromRight, chains }: CountedHops): "fewer" | "equal" | "more" | undefined {
  const written = shapeOf(chains)?.written;
  if (!isFromRight || written === undefined || written === 0) return undefined;
  return written === hops ? "equal" : written < hops ? "fewer" : "more";
}
