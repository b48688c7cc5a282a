import type { Rejection, Resolution, Trust } from "wherefrom";
import { type OracleAddress, type OracleHopAddress, readHopAddress, textOf } from "./address.ts";
import { hopsFromRight, hopsOf, type OracleHop } from "./hops.ts";
import { isListed, isLocal, keyOf } from "./prefix.ts";

/** A request as the oracle sees it: the peer text and the header fields in wire order. */
export type OracleEvidence = { readonly peer: string | undefined; readonly headers: readonly (readonly [string, string])[] };

type Json = Readonly<Record<string, unknown>>;
type Answer =
  | { readonly kind: "selected"; readonly address: OracleHopAddress; readonly trust: Trust }
  | { readonly kind: "rejected"; readonly reason: Rejection };
type Decision = { readonly answer: Answer; readonly algorithm: string };

const MAX_HOPS = 64;
const MAX_HEADER_LENGTH = 16384;
const NEVER_DEFAULT: readonly Rejection[] = ["untrusted-peer", "peer-unknown", "no-entrance-matched"];

function rejected(reason: Rejection): Answer {
  return { kind: "rejected", reason };
}

function field(json: Json, camel: string): unknown {
  if (json[camel] !== undefined && json[camel] !== null) return json[camel];
  return json[camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] ?? undefined;
}

function peerOf(evidence: OracleEvidence): OracleAddress | undefined {
  const read = evidence.peer === undefined ? undefined : readHopAddress(evidence.peer);
  return read === undefined ? undefined : { family: read.family, value: read.value };
}

function linesOf(evidence: OracleEvidence, name: string): string[] {
  return evidence.headers.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

function isTooLong(lines: readonly string[]): boolean {
  return lines.reduce((length, line) => length + line.length, 0) > MAX_HEADER_LENGTH;
}

/** `undefined`: the gate lets the peer through. */
function gate(list: readonly string[], evidence: OracleEvidence): Rejection | undefined {
  const peer = peerOf(evidence);
  if (peer !== undefined) return isListed(list, peer) ? undefined : "untrusted-peer";
  return evidence.peer === undefined && list.includes("unix:") ? undefined : "peer-unknown";
}

function take(hop: OracleHop, trust: Trust): Answer {
  if (hop.kind === "address") return { kind: "selected", address: hop.address, trust };
  return rejected(hop.hasBreak ? "header-malformed" : "hop-not-an-address");
}

function byHeaderIndex(config: Json, evidence: OracleEvidence): Answer {
  const name = String(field(config, "ipHeaderName"));
  const index = Number(field(config, "ipHeaderIndex") ?? 0);
  const peers = (field(config, "trustedPeers") ?? undefined) as readonly string[] | undefined;
  const closed = peers === undefined ? undefined : gate(peers, evidence);
  if (closed !== undefined) return rejected(closed);
  const lines = linesOf(evidence, name);
  const hops = index < 0 ? hopsFromRight(name, lines) : hopsOf(name, lines);
  if (hops.length === 0) return rejected("header-absent");
  if ((index >= 0 || name.toLowerCase() === "forwarded") && isTooLong(lines)) return rejected("header-too-long");
  const distance = index >= 0 ? index + 1 : -index;
  if (distance > MAX_HOPS && hops.length > MAX_HOPS) return rejected("too-many-hops");
  const hop = hops.at(index);
  if (hop === undefined) return rejected("index-out-of-range");
  return take(hop, peers !== undefined && index < 0 ? "verified" : "unverified");
}

function byTrustedProxies(config: Json, evidence: OracleEvidence): Answer {
  const name = String(field(config, "ipHeaderName"));
  const proxies = field(config, "trustedProxies") as readonly string[];
  const closed = gate(proxies, evidence);
  if (closed === "peer-unknown") return rejected(closed);
  const peer = peerOf(evidence);
  if (closed === "untrusted-peer" && peer !== undefined) return { kind: "selected", address: peer, trust: "verified" };
  const lines = linesOf(evidence, name);
  const hops = hopsFromRight(name, lines);
  if (hops.length === 0) return rejected("header-absent");
  if (name.toLowerCase() === "forwarded" && isTooLong(lines)) return rejected("header-too-long");
  for (const [examined, hop] of hops.toReversed().entries()) {
    if (examined === MAX_HOPS) return rejected("too-many-hops");
    if (hop.kind === "opaque" || !isListed(proxies, hop.address)) return take(hop, "verified");
  }
  return take(hops[0] as OracleHop, "verified");
}

function bySingleHeader(config: Json, evidence: OracleEvidence): Answer {
  const name = String(field(config, "ipHeaderName"));
  const closed = gate(field(config, "trustedPeers") as readonly string[], evidence);
  if (closed !== undefined) return rejected(closed);
  const lines = linesOf(evidence, name);
  const hops = hopsOf(name, lines);
  if (lines.length > 1) return rejected("header-repeated");
  if (hops.length === 0) return rejected("header-absent");
  if (isTooLong(lines)) return rejected("header-too-long");
  if (hops.length > 1) return rejected("header-repeated");
  return take(hops[0] as OracleHop, "verified");
}

function byPeer(evidence: OracleEvidence, trust: Trust): Answer {
  const peer = peerOf(evidence);
  return peer === undefined ? rejected("peer-unknown") : { kind: "selected", address: peer, trust };
}

function byDefault(evidence: OracleEvidence): Answer {
  const lines = linesOf(evidence, "X-Forwarded-For");
  if (isTooLong(lines)) return byPeer(evidence, "unverified");
  const hops = hopsOf("X-Forwarded-For", lines);
  const readable = hops.slice(0, MAX_HOPS).flatMap((hop) => (hop.kind === "address" ? [hop.address] : []));
  const foreign = readable.find((address) => !isLocal(address));
  if (foreign !== undefined) return { kind: "selected", address: foreign, trust: "unverified" };
  const last = hops.length > MAX_HOPS ? undefined : readable.at(-1);
  return last === undefined ? byPeer(evidence, "unverified") : { kind: "selected", address: last, trust: "unverified" };
}

function isEntrance(algorithm: Json, evidence: OracleEvidence): boolean {
  const name = Object.keys(algorithm)[0] ?? "";
  const config = algorithm[name] as Json;
  const list = (field(config, "trustedPeers") ?? field(config, "trustedProxies")) as readonly string[] | undefined;
  return list === undefined || gate(list, evidence) === undefined;
}

function decide(policy: Json, evidence: OracleEvidence): Decision {
  const index = field(policy, "headerIndexAlgorithm") as Json | undefined;
  const proxies = field(policy, "trustedProxiesAlgorithm") as Json | undefined;
  const single = field(policy, "singleHeaderAlgorithm") as Json | undefined;
  const first = field(policy, "firstMatchAlgorithm") as Json | undefined;
  if (index !== undefined) {
    const algorithm = `HeaderIndexAlgorithm{IpHeaderName:${field(index, "ipHeaderName")}, IpHeaderIndex: ${field(index, "ipHeaderIndex") ?? 0}}`;
    return { answer: byHeaderIndex(index, evidence), algorithm };
  }
  if (proxies !== undefined) {
    const algorithm = `TrustedProxiesAlgorithm{IpHeaderName:${field(proxies, "ipHeaderName")}}`;
    return { answer: byTrustedProxies(proxies, evidence), algorithm };
  }
  if (single !== undefined) {
    const algorithm = `SingleHeaderAlgorithm{IpHeaderName:${field(single, "ipHeaderName")}}`;
    return { answer: bySingleHeader(single, evidence), algorithm };
  }
  if (field(policy, "peerAddressAlgorithm") !== undefined) {
    return { answer: byPeer(evidence, "verified"), algorithm: "PeerAddressAlgorithm{}" };
  }
  if (first !== undefined) {
    const entrance = (field(first, "algorithms") as readonly Json[]).find((candidate) => isEntrance(candidate, evidence));
    if (entrance === undefined) return { answer: rejected("no-entrance-matched"), algorithm: "FirstMatchAlgorithm{}" };
    const inner = decide(entrance, evidence);
    return { answer: inner.answer, algorithm: `FirstMatchAlgorithm{${inner.algorithm}}` };
  }
  return { answer: byDefault(evidence), algorithm: "default" };
}

function fallbackOf(policy: Json): unknown {
  const index = field(policy, "headerIndexAlgorithm") as Json | undefined;
  const isBareIndex = index !== undefined && field(index, "trustedPeers") === undefined;
  return field(policy, "fallback") ?? (isBareIndex ? "DEFAULT" : "PEER");
}

function fallBack(policy: Json, evidence: OracleEvidence, reason: Rejection): Answer {
  const fallback = fallbackOf(policy);
  if (fallback === "REJECT") return rejected(reason);
  if (fallback === "DEFAULT" && !NEVER_DEFAULT.includes(reason)) return byDefault(evidence);
  return byPeer(evidence, reason === "untrusted-peer" ? "verified" : "unverified");
}

/** What the resolution of this request is by the written rules. `policy` is a valid policy as JSON. */
export function oracleResolve(policy: Json, evidence: OracleEvidence): Resolution {
  const { answer, algorithm } = decide(policy, evidence);
  const last = answer.kind === "rejected" ? fallBack(policy, evidence, answer.reason) : answer;
  const reason = answer.kind === "rejected" ? { reason: answer.reason } : {};
  if (last.kind === "rejected") {
    return { ip: null, family: null, outcome: "rejected", trust: "unverified", ...reason, algorithm, key: null };
  }
  const groupBits = Number(field(policy, "ipv6GroupPrefix") ?? 64);
  return {
    ip: textOf(last.address),
    family: last.address.family,
    ...(last.address.port === undefined ? {} : { port: last.address.port }),
    outcome: answer.kind === "rejected" ? "fallback" : "resolved",
    trust: last.trust,
    ...reason,
    algorithm,
    key: keyOf(last.address, groupBits),
  };
}
