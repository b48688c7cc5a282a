import type { Rejection, Trust } from "../algorithm/selection.ts";
import { readAddress } from "../ip/read.ts";
import { type SpecialRange, specialRangeOf } from "../ip/special.ts";
import { createWords } from "../ip/words.ts";
import type { Explanation, HopExplanation, PeerExplanation } from "./explanation.ts";

type Untold = Omit<Explanation, "sentences">;

/** Tells a resolution to a person: the peer, the header, what decided, the answer, and how far it may be relied upon. */
export function sentencesOf(explanation: Untold): readonly string[] {
  const { ip, reason, trust } = explanation;
  const sentences = [peerSentence(explanation.peer)];
  addHeaders(sentences, explanation);
  addDeciding(sentences, explanation.hops);
  if (reason !== undefined) sentences.push(REASONS[reason]);
  sentences.push(answerSentence(explanation));
  if (ip !== null) {
    sentences.push(TRUST[trust]);
    const range = specialRangeOfText(ip);
    if (range !== undefined) sentences.push(`${ip} lies in ${range.prefix.text}, ${range.name} (${range.source}).`);
  }
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

function addHeaders(sentences: string[], { hops, unlistedHops }: Untold): void {
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
  let trusted = "";
  for (const { verdict, position, ip, rule } of hops) {
    if (verdict === "trusted") trusted += `${trusted === "" ? "Passed over as trusted:" : ","} hop ${position} ${ip} (${rule})`;
  }
  if (trusted !== "") sentences.push(`${trusted}.`);
  for (const { verdict, position, header, ip, text, why } of hops) {
    if (verdict === "client") sentences.push(`Hop ${position} of ${header}, ${ip}, is taken as the client.`);
    if (verdict === "opaque") sentences.push(`Hop ${position} of ${header}, «${text}», is opaque: ${why}.`);
  }
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

function answerSentence({ outcome, ip, peer, algorithm }: Untold): string {
  if (outcome === "rejected") return "There is no address for this request.";
  if (outcome === "fallback") return `The client is ${ip}, by fallback to ${peer.verdict === "client" ? "the peer" : DEFAULT}.`;
  return `The client is ${ip}, by ${algorithm === "default" ? DEFAULT : algorithm}.`;
}

const DEFAULT = "the default algorithm";

const TRUST: Readonly<Record<Trust, string>> = {
  verified: "It is verified: each step to it was a configured trust decision.",
  unverified: "It is unverified: no configured trust decision stands behind each step, so a client or a proxy may have chosen it.",
};

function specialRangeOfText(ip: string): SpecialRange | undefined {
  const words = createWords();
  return readAddress(ip, words) ? specialRangeOf(words) : undefined;
}
