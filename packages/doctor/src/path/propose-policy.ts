import { createResolver, evidenceOfFields, parsePolicy } from "wherefrom";
import { observedIn, type ProbeRun } from "../probe/answer.ts";
import { isCanary } from "../probe/canaries.ts";
import { canonical } from "./canonical.ts";
import { clientPlaceIn, isAddressShared, type LearnedPath } from "./learned-path.ts";
import type { Leg } from "./leg.ts";

/** A policy that fits a path, and what became of it when it was tried on every request of the probe. */
export type ProposedPolicy = {
  /** A `clientIpResolutionConfig`. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Whether the address that it gives is the client's: known, or not to be known from here. */
  readonly isProven: boolean;
  /** Whether it cannot be known because the client and the last hop have the same address. */
  readonly isShared: boolean;
  /**
   * Whether the peer that it trusts is the service's default gateway. A router there that rewrites the source lets everybody arrive as this peer, so that whoever comes past the proxy writes the header:
   * then no policy is safe.
   */
  readonly trustsGateway: boolean;
  /** Requests that it was tried on, and those of them for which it gave a canary. */
  readonly tried: number;
  readonly forged: number;
};

/** Why there is no policy to propose. */
export type NoPolicyReason =
  /** The echo saw nothing. */
  | "nothing-observed"
  /** Rounds, transports or families contradict each other. */
  | "not-stable"
  /** No header that arrives was written by the path, and the peer is not the client. */
  | "nothing-to-read"
  /** What the path writes is not the client's address: a hop before it hides the client. */
  | "client-hidden";

export type PolicyProposal =
  | { readonly kind: "proposed"; readonly proposals: readonly ProposedPolicy[] }
  | { readonly kind: "none"; readonly why: NoPolicyReason };

/** Most peers that a policy names. More are a pool, and its networks are for its owner to know. */
const MAX_PEERS = 16;

/** Proposes policies for a path, the most exact first, and tries each on what the probe saw. */
export function proposePolicy(path: LearnedPath, run: ProbeRun): PolicyProposal {
  const { legs, clients } = path;
  const [first, ...others] = legs;
  if (first === undefined) return { kind: "none", why: "nothing-observed" };
  if (!others.every((leg) => isAlike(leg, first))) return { kind: "none", why: "not-stable" };
  const places = legs.flatMap((leg) => clientPlaceIn(leg, clients) ?? []);
  const peers = [...new Set(legs.flatMap((leg) => leg.peers.map(canonical)))].slice(0, MAX_PEERS);
  if (places.length > 0 && places.every(({ kind }) => kind === "peer"))
    return proposed(run, [{ policy: { peerAddressAlgorithm: {} }, isProven: true, isShared: false, trustsGateway: false }]);
  if (first.chain === undefined) return { kind: "none", why: "not-stable" };
  if (first.chain.fate === "only-canary" || first.chain.fate === "stripped") return { kind: "none", why: "nothing-to-read" };
  // what the path adds by itself, whoever claims what: the client is its first element
  const index = -first.chain.added.length;
  if (!places.every((place) => place.kind === "element" && place.index === index)) return { kind: "none", why: "client-hidden" };
  const isShared = legs.some((leg) => isAddressShared(leg, clients));
  const isProven = places.length > 0 && !isShared;
  const trustsGateway = legs.some(({ plain }) => plain.host.isPeerDefaultGateway === true);
  const byIndex = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: index, trustedPeers: peers } };
  const proxies = [...new Set([...peers, ...legs.flatMap((leg) => (leg.chain?.added ?? []).slice(1).map(canonical))])];
  const byProxies = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: proxies } };
  // a client that has a proxy's address would be walked past
  const walks =
    isProven && !Object.values(clients).some((client) => proxies.includes(client))
      ? [{ policy: byProxies, isProven, isShared, trustsGateway }]
      : [];
  return proposed(run, [{ policy: byIndex, isProven, isShared, trustsGateway }, ...walks]);
}

function isAlike(leg: Leg, other: Leg): boolean {
  return leg.chain?.fate === other.chain?.fate && leg.chain?.added.length === other.chain?.added.length;
}

function proposed(run: ProbeRun, policies: readonly Omit<ProposedPolicy, "tried" | "forged">[]): PolicyProposal {
  return { kind: "proposed", proposals: policies.map((policy) => ({ ...policy, ...tryPolicy(policy.policy, run) })) };
}

/** Resolves every request that the probe sent by the policy. A canary that comes out would be a forged address that wins. */
function tryPolicy(policy: Readonly<Record<string, unknown>>, run: ProbeRun): Pick<ProposedPolicy, "tried" | "forged"> {
  const resolver = createResolver(parsePolicy(policy));
  const seen = observedIn(run, {});
  const answers = seen.map(({ observation }) => resolver.resolve(evidenceOfFields(observation.peer.address, [...observation.headers])));
  return { tried: answers.length, forged: answers.filter(({ ip }) => ip !== null && isCanary(ip)).length };
}
