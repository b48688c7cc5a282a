import { containsPrefix, coverOf, outermostOf } from "../ip/nesting.ts";
import { isPublicWiderThan } from "./advise-trust.ts";
import type { Advisory, AdvisoryContext } from "./advisory.ts";
import { advisoryOf } from "./advisory-text.ts";
import type { LocatedEntrance, LocatedPolicy, LocatedTrust } from "./located-policy.ts";
import { PROVIDERS, providerOf } from "./providers.ts";

/** A public network of peers that all vouch with one header may be this long at the least, in bits. */
const SHORTEST_VOUCHING = { v4: 16, v6: 32 };

/** Headers that an edge writes over whatever the client sent, and whose edge it is. */
const OVERWRITTEN: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ["cf-connecting-ip", "provider:cloudflare"],
  ["cf-connecting-ipv6", "provider:cloudflare"],
]);

/** Headers that carry one address by custom, and that an edge passes on or adds to unless it is told to overwrite them. */
const NOT_OVERWRITTEN: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "client-ip",
  "fastly-client-ip",
  "forwarded",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-forwarded",
  "x-forwarded-for",
  "x-original-forwarded-for",
  "x-originating-ip",
  "x-real-ip",
  "x-remote-ip",
]);

/** Headers in which a port follows an IPv6 address without brackets: `2001:db8::7:4431` is an address too, and another one. */
const WITH_BARE_PORT: ReadonlySet<string> = /* @__PURE__ */ new Set(["cloudfront-viewer-address"]);

/** Judges whether what an algorithm reads can be read at all. */
export function adviseHeader({ header }: LocatedEntrance): readonly Advisory[] {
  if (!WITH_BARE_PORT.has(header.name.toLowerCase())) return [];
  return [advisoryOf("ADVISORY_PORT_AMBIGUOUS", { pointer: header.pointer, summary: `${header.name} names IPv6 clients wrongly` })];
}

/** Judges a headerIndexAlgorithm. `maxHops` is how many hops the resolver examines. */
export function adviseIndex({ index, trust, header }: LocatedEntrance, maxHops: number): readonly Advisory[] {
  const { value, pointer } = index;
  const place = `Index ${value} of ${header.name}`;
  const isOutOfReach = value >= maxHops || value < -maxHops;
  return [
    ...(isOutOfReach ? [advisoryOf("ADVISORY_INDEX_BEYOND_LIMIT", { pointer, summary: `${place} is past maxHops ${maxHops}` })] : []),
    ...(value >= 0 && trust === undefined
      ? [advisoryOf("ADVISORY_INDEX_WITHOUT_PEER_GATE", { pointer, summary: `${place} counts from the left, from any peer` })]
      : []),
    ...(value >= 0 && trust !== undefined
      ? [advisoryOf("ADVISORY_INDEX_FROM_LEFT", { pointer, summary: `${place} counts from the left` })]
      : []),
    ...(value < 0 && trust === undefined
      ? [advisoryOf("ADVISORY_INDEX_UNVERIFIED", { pointer, summary: `${place} is taken from any peer` })]
      : []),
  ];
}

/** Judges a singleHeaderAlgorithm: who vouches, and with which header. */
export function adviseSingleHeader({ header, trust }: LocatedEntrance, context: AdvisoryContext): readonly Advisory[] {
  const name = header.name.toLowerCase();
  const wide = (trust?.entries ?? []).filter((entry) => isPublicWiderThan(entry, SHORTEST_VOUCHING));
  return [
    ...(NOT_OVERWRITTEN.has(name)
      ? [
          advisoryOf("ADVISORY_SINGLE_HEADER_NOT_OVERWRITTEN", {
            pointer: header.pointer,
            summary: `${header.name} is not overwritten by every edge`,
          }),
        ]
      : []),
    ...wide.map(({ text, pointer }) =>
      advisoryOf("ADVISORY_SINGLE_HEADER_PEERS_WIDE", {
        pointer,
        summary: `Every host of ${text} may name any client with ${header.name}`,
      }),
    ),
    ...adviseForeignPeers({ header, trust }, context),
  ];
}

function adviseForeignPeers({ header, trust }: Pick<LocatedEntrance, "header" | "trust">, context: AdvisoryContext): readonly Advisory[] {
  const edge = OVERWRITTEN.get(header.name.toLowerCase());
  const provider = edge === undefined ? undefined : providerOf(edge, context.providers ?? PROVIDERS);
  if (edge === undefined || provider === undefined) return [];
  const isOfProvider = (text: LocatedTrust["entries"][number]) =>
    text.prefixes.every((prefix) => provider.prefixes.some((range) => containsPrefix(range, prefix)));
  return (trust?.entries ?? [])
    .filter((entry) => entry.text !== edge && !isOfProvider(entry))
    .map(({ text, pointer }) =>
      advisoryOf("ADVISORY_SINGLE_HEADER_FOREIGN_PEER", {
        pointer,
        summary: `${header.name} is believed from ${text}, which is not ${edge}`,
      }),
    );
}

/** Judges what happens when the algorithm rejects. */
export function adviseFallback({ fallback, entrances }: LocatedPolicy): readonly Advisory[] {
  const forced = fallback.value === "DEFAULT" ? entrances.find(isRejectionForceable) : undefined;
  if (forced === undefined) return [];
  const summary = `fallback is DEFAULT, and a client can make ${forced.pointer.slice(1)} reject`;
  return [advisoryOf("ADVISORY_FALLBACK_FORCEABLE", { pointer: fallback.pointer, summary })];
}

/**
 * Whether a client can cause a rejection after which headers still count. What stands at the right end of an X-Forwarded-For from a trusted peer is that
 * peer's word and cannot be spoilt. A Forwarded is read as a whole: one open quote or 16,384 characters from the client spoil the proxy's part too.
 */
function isRejectionForceable({ kind, header, index, trust }: LocatedEntrance): boolean {
  const name = header.name.toLowerCase();
  switch (kind) {
    case "header-index":
      return trust === undefined || index.value >= 0 || name === "forwarded";
    case "trusted-proxies":
      return name === "forwarded";
    case "single-header":
      return !OVERWRITTEN.has(name);
    case "peer-address":
      return false;
  }
}

/** Judges entrances against each other: those that are never asked, and two chain headers in one policy. */
export function adviseEntrances({ entrances }: LocatedPolicy): readonly Advisory[] {
  return [...entrances.flatMap((entrance, at) => adviseUnreachable(entrance, entrances.slice(0, at))), ...adviseChainHeaders(entrances)];
}

function adviseUnreachable(entrance: LocatedEntrance, before: readonly LocatedEntrance[]): readonly Advisory[] {
  const open = before.find((earlier) => earlier.trust === undefined);
  const { pointer } = entrance;
  if (open !== undefined) {
    return [advisoryOf("ADVISORY_ENTRANCE_UNREACHABLE", { pointer, summary: `${open.pointer} before it takes every peer` })];
  }
  const { trust } = entrance;
  if (trust === undefined || before.length === 0) return [];
  const gates = before.flatMap((earlier) => earlier.trust?.entries ?? []);
  const outermost = outermostOf(gates.flatMap((entry) => entry.prefixes.map((prefix) => ({ prefix, owner: 0 }))));
  const isTaken = trust.entries.every((entry) =>
    entry.text === "unix:"
      ? gates.some((gate) => gate.text === "unix:")
      : entry.prefixes.every((prefix) => coverOf(outermost, prefix) !== undefined),
  );
  return isTaken
    ? [advisoryOf("ADVISORY_ENTRANCE_UNREACHABLE", { pointer, summary: "The entrances before it take all of its peers" })]
    : [];
}

function adviseChainHeaders(entrances: readonly LocatedEntrance[]): readonly Advisory[] {
  const named = (name: string) => entrances.findIndex((entrance) => entrance.header.name.toLowerCase() === name);
  const later = entrances[Math.max(named("forwarded"), named("x-forwarded-for"))];
  if (later === undefined || named("forwarded") === -1 || named("x-forwarded-for") === -1) return [];
  const summary = "One entrance believes X-Forwarded-For and another Forwarded";
  return [advisoryOf("ADVISORY_CHAIN_HEADERS_BOTH_TRUSTED", { pointer: later.header.pointer, summary })];
}
