import type { Rejection, Trust } from "../algorithm/selection.ts";
import { readAddress } from "../ip/read.ts";
import { type SpecialRange, specialRangeOf } from "../ip/special.ts";
import { createWords } from "../ip/words.ts";
import type { Explanation, HopExplanation, PeerExplanation } from "./explanation.ts";
import type { Resolution } from "./resolution.ts";

type Seen = Pick<Explanation, "peer" | "hops" | "unlistedHops">;

/** Tells a resolution to a person: the peer, the header, what decided, the answer, and how far it may be relied upon. */
export function sentencesOf(resolution: Resolution, seen: Seen): readonly string[] {
  const sentences = [peerSentence(seen.peer)];
  addHeaders(sentences, seen);
  addDeciding(sentences, seen.hops);
  if (resolution.reason !== undefined) sentences.push(REASONS[resolution.reason]);
  sentences.push(answerSentence(resolution, seen));
  if (resolution.ip !== null) sentences.push(TRUST[resolution.trust]);
  const range = resolution.ip === null ? undefined : specialRangeOfText(resolution.ip);
  if (range !== undefined) sentences.push(`${resolution.ip} lies in ${range.prefix.text}, ${range.name} (${range.source}).`);
  return sentences;
}

function peerSentence(peer: PeerExplanation): string {
  const name = peer.ip ?? (peer.text === null ? "without an address" : `«${peer.text}», which is no address,`);
  switch (peer.verdict) {
    case "client":
      return `The peer ${name} is taken as the client.`;
    case "trusted":
      return `The peer ${name} is trusted: ${peer.rule} names it.`;
    case "untrusted":
      return `The peer ${name} is not trusted, so what it sent is only a claim.`;
    case "unknown":
      return `The peer ${name} cannot be judged.`;
    case "not-consulted":
      return `The peer ${name} was not asked about: the policy has no peer gate.`;
  }
}

function addHeaders(sentences: string[], { hops, unlistedHops }: Seen): void {
  for (let at = 0; at < hops.length; ) {
    const { header } = hops[at] as HopExplanation;
    const start = at;
    while (hops[at]?.header === header) at++;
    const count = at - start + (at === hops.length ? unlistedHops : 0);
    sentences.push(`${header} has ${count} ${count === 1 ? "hop" : "hops"}.`);
  }
}

/** The trusted hops in one sentence, then the hop that decided. */
function addDeciding(sentences: string[], hops: readonly HopExplanation[]): void {
  const trusted = hops.filter((hop) => hop.verdict === "trusted");
  if (trusted.length > 0) sentences.push(`Passed over as trusted: ${trusted.map(trustedText).join(", ")}.`);
  for (const { verdict, position, header, ip, text, why } of hops) {
    if (verdict === "client") sentences.push(`Hop ${position} of ${header}, ${ip}, is taken as the client.`);
    if (verdict === "opaque") sentences.push(`Hop ${position} of ${header}, «${text}», is opaque: ${why}.`);
  }
}

function trustedText(hop: HopExplanation): string {
  return `hop ${hop.position} ${hop.ip} (${hop.rule})`;
}

const REASONS: Readonly<Record<Rejection, string>> = {
  "header-absent": "The header has no hop.",
  "index-out-of-range": "The header has too few hops for the index.",
  "hop-not-an-address": "The hop that the answer stands on is no address.",
  "untrusted-peer": "The policy does not believe this header from this peer.",
  "peer-unknown": "The peer has no address, and is not trusted without one.",
  "header-repeated": "The header is more than one line with one element.",
  "too-many-hops": "The answer lies beyond the hops that are examined.",
  "header-too-long": "The header is longer than is read.",
  "header-malformed": "The hop that the answer stands on holds CR, LF or NUL.",
  "no-entrance-matched": "No entrance of the policy is for this peer.",
};

function answerSentence(resolution: Resolution, seen: Seen): string {
  if (resolution.outcome === "rejected") return "There is no address for this request.";
  const from = seen.peer.verdict === "client" ? "the peer" : "the default algorithm";
  if (resolution.outcome === "fallback") return `The client is ${resolution.ip}, by fallback to ${from}.`;
  const by = resolution.algorithm === "default" ? "the default algorithm" : resolution.algorithm;
  return `The client is ${resolution.ip}, by ${by}.`;
}

const TRUST: Readonly<Record<Trust, string>> = {
  verified: "It is verified: each step to it was a configured trust decision.",
  unverified: "It is unverified: no configured trust decision stands behind each step, so a client or a proxy may have chosen it.",
};

function specialRangeOfText(ip: string): SpecialRange | undefined {
  const words = createWords();
  return readAddress(ip, words) ? specialRangeOf(words) : undefined;
}
