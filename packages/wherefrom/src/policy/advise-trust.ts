import { containsPrefix, coverOf, outermostOf, prefixesOverlap } from "../ip/nesting.ts";
import { type Prefix, prefixOf } from "../ip/prefix.ts";
import { SPECIAL_RANGES } from "../ip/special.ts";
import type { Advisory, AdvisoryContext } from "./advisory.ts";
import { advisoryOf } from "./advisory-text.ts";
import { dayNumber } from "./day.ts";
import type { LocatedEntry, LocatedTrust } from "./located-policy.ts";
import { USER_EGRESS } from "./user-egress.ts";

const DEFAULT_MAX_AGE_DAYS = 180;

/** Shortest length of a public network that one operator's proxies may fill, in bits. */
const SHORTEST_PUBLIC_4 = 8;
const SHORTEST_PUBLIC_6 = 16;

/** A carrier-grade NAT entry of up to this length names a whole network, not a proxy or two in it. */
const WIDEST_CARRIER_SUBNET = 16;

const CARRIER_NAT: Prefix = /* @__PURE__ */ prefixOf("100.64.0.0/10");
const NEVER_A_PEER: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "this network",
  "multicast",
  "reserved",
  "limited broadcast",
  "discard only",
]);
const SHARED: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ["provider:private", "is every private network, not yours alone"],
  ["provider:link-local", "is every neighbour on the link"],
  ["provider:cloudflare", "is shared by all customers of Cloudflare"],
  ["provider:fastly", "is shared by all customers of Fastly"],
]);

/** Judges one trust list, whatever it is for. */
export function adviseTrust(trust: LocatedTrust, context: AdvisoryContext): readonly Advisory[] {
  const hasAddresses = trust.entries.some((entry) => entry.prefixes.length > 0);
  return [
    ...advisePermission(trust),
    ...trust.entries.flatMap((entry) => [
      ...(entry.text === "unix:" && hasAddresses ? adviseUnix(entry) : []),
      ...adviseReach(entry),
      ...adviseShared(entry),
      ...adviseAge(entry, context),
    ]),
    ...adviseCovered(trust.entries),
  ];
}

/** Whether the entry is public address space wider than an operator's: the bits say how wide is too wide. Local ranges are not public. */
export function isPublicWiderThan(entry: LocatedEntry, bits: { readonly v4: number; readonly v6: number }): boolean {
  if (entry.provider !== undefined) return false;
  return entry.prefixes.some((prefix) => prefix.length < (prefix.first.family === 4 ? bits.v4 : bits.v6) && !isInSpecialRange(prefix));
}

function advisePermission({ entries, permissionPointer }: LocatedTrust): readonly Advisory[] {
  if (permissionPointer === undefined || entries.some(trustsEveryone)) return [];
  return [
    advisoryOf("ADVISORY_PERMISSION_UNUSED", {
      pointer: permissionPointer,
      summary: "allowTrustEveryone stands beside a list without a /0",
    }),
  ];
}

function adviseUnix({ pointer }: LocatedEntry): readonly Advisory[] {
  return [advisoryOf("ADVISORY_UNIX_WITH_TCP", { pointer, summary: "unix: stands in one list with addresses" })];
}

/** Who is in the networks of an entry: the worst thing only, because a too wide network has all the others in it. */
function adviseReach(entry: LocatedEntry): readonly Advisory[] {
  const { pointer, text } = entry;
  if (trustsEveryone(entry)) return [advisoryOf("ADVISORY_TRUSTS_EVERYONE", { pointer, summary: `${text} is every address` })];
  if (isPublicWiderThan(entry, { v4: SHORTEST_PUBLIC_4, v6: SHORTEST_PUBLIC_6 })) {
    const summary = `${text} is wider than /${SHORTEST_PUBLIC_4} (IPv4) or /${SHORTEST_PUBLIC_6} (IPv6) and public`;
    return [advisoryOf("ADVISORY_TRUST_TOO_WIDE", { pointer, summary })];
  }
  const egress = USER_EGRESS.find((range) => entry.prefixes.some((prefix) => prefixesOverlap(range.prefix, prefix)));
  if (egress !== undefined) {
    return [
      advisoryOf("ADVISORY_TRUSTS_USER_EGRESS", { pointer, summary: `${text} has addresses of ${egress.prefix.text}: ${egress.name}` }),
    ];
  }
  if (entry.prefixes.some((prefix) => prefix.length <= WIDEST_CARRIER_SUBNET && prefixesOverlap(CARRIER_NAT, prefix))) {
    return [advisoryOf("ADVISORY_TRUSTS_CARRIER_NAT", { pointer, summary: `${text} is carrier-grade NAT` })];
  }
  const dead = SPECIAL_RANGES.find(
    ({ name, prefix }) => NEVER_A_PEER.has(name) && entry.prefixes.some((own) => containsPrefix(prefix, own)),
  );
  return dead === undefined
    ? []
    : [advisoryOf("ADVISORY_TRUST_NEVER_MATCHES", { pointer, summary: `${text} is ${dead.name} (${dead.source})` })];
}

function adviseShared({ pointer, text }: LocatedEntry): readonly Advisory[] {
  const whose = SHARED.get(text);
  return whose === undefined ? [] : [advisoryOf("ADVISORY_TRUSTS_SHARED_NETWORK", { pointer, summary: `${text} ${whose}` })];
}

function adviseAge(
  { pointer, text, provider }: LocatedEntry,
  { now, maxAgeDays = DEFAULT_MAX_AGE_DAYS }: AdvisoryContext,
): readonly Advisory[] {
  const today = now === undefined ? undefined : dayNumber(now);
  const retrieved = provider === undefined || provider.isFixed ? undefined : dayNumber(provider.retrievedAt);
  if (provider === undefined || today === undefined || retrieved === undefined) return [];
  const ageDays = today - retrieved;
  if (ageDays <= maxAgeDays) return [];
  const summary = `The ranges of ${text} are of ${provider.retrievedAt}: ${ageDays} days old, ${maxAgeDays} are allowed`;
  return [advisoryOf("ADVISORY_RANGES_STALE", { pointer, summary })];
}

/** An entry all of whose networks lie in other entries of the list. Of equal entries the first stays. */
function adviseCovered(entries: readonly LocatedEntry[]): readonly Advisory[] {
  const outermost = outermostOf(entries.flatMap((entry, owner) => entry.prefixes.map((prefix) => ({ prefix, owner }))));
  const repeatedUnix = entries.filter((entry) => entry.text === "unix:").slice(1);
  const covered = entries.flatMap((entry, owner) => {
    const covers = entry.prefixes.map((prefix) => coverOf(outermost, prefix)?.owner);
    const by = entries[covers[0] ?? owner];
    if (by === undefined || covers.length === 0 || covers.some((cover) => cover === undefined || cover === owner)) return [];
    return [{ entry, by }];
  });
  return [...covered, ...repeatedUnix.map((entry) => ({ entry, by: entry }))].map(({ entry, by }) =>
    advisoryOf("ADVISORY_TRUST_COVERED", { pointer: entry.pointer, summary: `${entry.text} is already trusted by ${by.text}` }),
  );
}

function trustsEveryone(entry: LocatedEntry): boolean {
  return entry.prefixes.some((prefix) => prefix.length === 0);
}

function isInSpecialRange(prefix: Prefix): boolean {
  return SPECIAL_RANGES.some((range) => containsPrefix(range.prefix, prefix));
}
