import { type Prefix, prefixContains, prefixOf } from "./prefix.ts";
import { createPrefixSet, type PrefixSet, setContains } from "./prefix-set.ts";
import type { AddressWords } from "./words.ts";

/** A range of the IANA special-purpose registries. */
export type SpecialRange = {
  readonly prefix: Prefix;
  readonly name: string;
  readonly source: string;
  /** Whether the default algorithm passes it over: an address that no client on the internet has. Documentation ranges are not local. */
  readonly isLocal: boolean;
};

/**
 * The IANA special-purpose address registries, as far as they say something of a client's address.
 *
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), and the RFC named in each row.
 */
export const SPECIAL_RANGES: readonly SpecialRange[] = /* @__PURE__ */ [
  row("0.0.0.0/8", "this network", "RFC 791 §3.2", false),
  row("10.0.0.0/8", "private use", "RFC 1918", true),
  row("100.64.0.0/10", "carrier-grade NAT", "RFC 6598", true),
  row("127.0.0.0/8", "loopback", "RFC 1122 §3.2.1.3", true),
  row("169.254.0.0/16", "link-local", "RFC 3927", true),
  row("172.16.0.0/12", "private use", "RFC 1918", true),
  row("192.0.0.0/24", "IETF protocol assignments", "RFC 6890 §2.1", false),
  row("192.0.2.0/24", "documentation", "RFC 5737", false),
  row("192.88.99.0/24", "6to4 relay anycast", "RFC 7526", false),
  row("192.168.0.0/16", "private use", "RFC 1918", true),
  row("198.18.0.0/15", "benchmarking", "RFC 2544", false),
  row("198.51.100.0/24", "documentation", "RFC 5737", false),
  row("203.0.113.0/24", "documentation", "RFC 5737", false),
  row("224.0.0.0/4", "multicast", "RFC 5771", false),
  row("240.0.0.0/4", "reserved", "RFC 1112 §4", false),
  row("255.255.255.255/32", "limited broadcast", "RFC 919 §7", false),
  row("::1/128", "loopback", "RFC 4291 §2.5.3", true),
  row("64:ff9b::/96", "NAT64", "RFC 6052 §2.1", false),
  row("64:ff9b:1::/48", "NAT64, local use", "RFC 8215", false),
  row("100::/64", "discard only", "RFC 6666", false),
  row("2001::/32", "Teredo", "RFC 4380", false),
  row("2001:2::/48", "benchmarking", "RFC 5180", false),
  row("2001:20::/28", "ORCHIDv2", "RFC 7343", false),
  row("2001:db8::/32", "documentation", "RFC 3849", false),
  row("2002::/16", "6to4", "RFC 3056", false),
  row("3fff::/20", "documentation", "RFC 9637", false),
  row("5f00::/16", "segment routing", "RFC 9602", false),
  row("fc00::/7", "unique local", "RFC 4193", true),
  row("fe80::/10", "link-local", "RFC 4291 §2.5.6", true),
  row("ff00::/8", "multicast", "RFC 4291 §2.7", false),
];

const LOCAL: PrefixSet = /* @__PURE__ */ setOf(SPECIAL_RANGES.filter((range) => range.isLocal));
const SPECIAL: PrefixSet = /* @__PURE__ */ setOf(SPECIAL_RANGES);

/** Whether the default algorithm counts the address as local. */
export function isLocal(words: AddressWords): boolean {
  return setContains(LOCAL, words);
}

/** The special range that the address lies in, the narrowest first; `undefined` for an ordinary address. For explanations, not for trust. */
export function specialRangeOf(words: AddressWords): SpecialRange | undefined {
  let narrowest: SpecialRange | undefined;
  if (!setContains(SPECIAL, words)) return narrowest;
  for (const range of SPECIAL_RANGES) {
    const isNarrower = narrowest === undefined || range.prefix.length > narrowest.prefix.length;
    if (isNarrower && prefixContains(range.prefix, words)) narrowest = range;
  }
  return narrowest;
}

function row(prefix: string, name: string, source: string, isLocal: boolean): SpecialRange {
  return { prefix: prefixOf(prefix), name, source, isLocal };
}

function setOf(ranges: readonly SpecialRange[]): PrefixSet {
  return createPrefixSet(ranges.map((range) => range.prefix));
}
