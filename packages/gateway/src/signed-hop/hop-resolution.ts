import { type Evidence, type Explanation, escapeText, type Resolution, type Resolver } from "wherefrom";
import type { HopVerdict } from "./hop-reader.ts";
import { type HopRefusal, whyRefused } from "./hop-refusal.ts";
import { type HopClaim, hopHeader } from "./hop-text.ts";

type AcceptedHop = Extract<HopVerdict, { kind: "accepted" }>;

const noLines: readonly string[] = [];

/**
 * What an accepted hop makes the resolution: address, port, outcome, trust and reason are the signer's, never better than it said; the key follows this
 * environment's own grouping.
 *
 * Shape: `peers` resolves every request to its peer, with the grouping of the policy in use.
 */
export function resolutionOfHop({ keyId, claim }: AcceptedHop, peers: Resolver): Resolution {
  const { family, key } = peers.resolve({ peer: claim.ip, lines: () => noLines });
  const { ip, port, outcome, trust, reason } = claim;
  return {
    ip,
    family,
    ...(port === undefined ? undefined : { port }),
    outcome,
    trust,
    ...(reason === undefined ? undefined : { reason }),
    algorithm: `SignedHop{KeyId:${keyId}}`,
    key,
  };
}

/** Longest part of the header that an explanation shows, in characters. */
const MAX_SHOWN_LENGTH = 128;

/** Explains a resolution by an accepted hop, in the shape of every explanation: the peer that signed, and the one hop. */
function explainHop(hop: AcceptedHop, { resolution, evidence, peers }: ExplainContext): Explanation {
  const { keyId, claim } = hop;
  const rule = `key ${keyId}`;
  const peerText = evidence.peer === undefined ? null : escapeText(evidence.peer, MAX_SHOWN_LENGTH);
  const { ip: peerIp } = peers.resolve({ peer: evidence.peer, lines: () => noLines });
  const [value = ""] = evidence.lines(hopHeader.toLowerCase());
  const text = escapeText(value, MAX_SHOWN_LENGTH);
  return {
    ...resolution,
    peer: { text: peerText, ip: peerIp, verdict: "trusted", rule },
    hops: [{ header: hopHeader, position: -1, text, ip: claim.ip, verdict: "client", rule }],
    unlistedHops: 0,
    sentences: sentencesOf(hop, peerIp ?? peerText ?? "without an address"),
  };
}

type ExplainContext = { readonly resolution: Resolution; readonly evidence: Evidence; readonly peers: Resolver };

function sentencesOf({ keyId, claim }: AcceptedHop, peer: string): readonly string[] {
  return [
    `The peer ${peer} is a gateway: it signed ${hopHeader} with key ${keyId}, for this request and in time.`,
    `The client is ${claim.ip}, as that gateway resolved it${howResolved(claim)}.`,
    claim.trust === "verified"
      ? "It is verified: the gateway that resolved it had a configured trust decision for each step."
      : "It is unverified: the gateway that resolved it says so.",
  ];
}

function howResolved({ outcome, reason }: HopClaim): string {
  return outcome === "resolved" ? "" : `, by fallback (${reason})`;
}

/** Explains an exchange: by the hop that was accepted, or by the walk of its policy. */
export function explainExchange({ snapshot, evidence, resolution, hop }: Explained): Explanation {
  const { resolver, peers } = snapshot;
  if (hop?.kind === "accepted") return explainHop(hop, { resolution, evidence, peers });
  const explanation = resolver.explain(evidence);
  return hop === undefined ? explanation : withRefusedHop(explanation, hop.reason);
}

type Explained = {
  readonly snapshot: { readonly resolver: Resolver; readonly peers: Resolver };
  readonly evidence: Evidence;
  readonly resolution: Resolution;
  readonly hop: HopVerdict | undefined;
};

/** Says in the explanation of the policy's answer why the hop that the request had was not believed. */
function withRefusedHop(explanation: Explanation, reason: HopRefusal): Explanation {
  return { ...explanation, sentences: [`${hopHeader} is not believed: ${whyRefused[reason]}.`, ...explanation.sentences] };
}
