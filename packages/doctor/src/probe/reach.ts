import { type Prefix, parseAddress, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";

/** Where a probe may go that somebody else asked for. Not where it goes: every address is held against it before anything connects. */
export type Reach = {
  /** Whether to addresses that anybody on the internet can have, whoever asks. */
  readonly isPublic: boolean;
  /** Networks that are allowed beside those, or in their place. */
  readonly networks: readonly Prefix[];
};

/**
 * Whether an address is within reach: it, and every IPv4 address that it carries in its bits. What it carries is where a translator or a tunnel on the way
 * takes the connection to. An address in another spelling than its own (a zone, a port, a CIDR) is not.
 */
export function isWithin(reach: Reach, text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const own = networkOf(address.text);
  const carried = carriedBy(own);
  return carried !== "unknown" && [own, ...carried].every((network) => isAllowed(reach, network));
}

function isAllowed({ isPublic, networks }: Reach, address: Prefix): boolean {
  return networks.some((network) => prefixesOverlap(network, address)) || (isPublic && isEverybodys(address));
}

const GLOBAL_V6 = networkOf("2000::/3");
const NAT64 = networkOf("64:ff9b::/96");
/** Every IPv6 assignment for protocols, those without a range of their own among them. */
const PROTOCOLS_V6 = networkOf("2001::/23");

/** Whether an address is one of the internet's, by the IANA registries. What is not said to be is not. */
function isEverybodys(address: Prefix): boolean {
  if (prefixesOverlap(NAT64, address)) return true;
  if (address.first.family === 6 && (!prefixesOverlap(GLOBAL_V6, address) || prefixesOverlap(PROTOCOLS_V6, address))) return false;
  return !SPECIAL_RANGES.some(({ prefix }) => prefixesOverlap(prefix, address));
}

/**
 * The IPv4 addresses that an IPv6 address carries. `unknown` where it carries one, and only its operator knows in which bits.
 *
 * Source: each form's RFC beside it. IPv4-mapped addresses (RFC 4291 §2.5.5.2) are IPv4 already.
 */
function carriedBy({ first: { family, w0, w1, w2, w3 } }: Prefix): readonly Prefix[] | "unknown" {
  if (family === 4) return [];
  // NAT64 for local use, RFC 8215: any of the layouts of RFC 6052 §2.2
  if (w0 === NAT64_WORD && w1 >>> 16 === 1) return "unknown";
  const isIsatap = (w2 & ~0x0200_0000) === 0x0000_5efe;
  const words: readonly (readonly [boolean, number])[] = [
    // IPv4-compatible, RFC 4291 §2.5.5.1; ::1 is loopback and no such address
    [w0 === 0 && w1 === 0 && w2 === 0 && w3 !== 1, w3],
    // IPv4-translated, RFC 2765 §2.1
    [w0 === 0 && w1 === 0 && w2 === (0xffff_0000 | 0), w3],
    // NAT64, RFC 6052 §2.1
    [w0 === NAT64_WORD && w1 === 0 && w2 === 0, w3],
    // 6to4, RFC 3056 §2
    [w0 >>> 16 === 0x2002, (w0 << 16) | (w1 >>> 16)],
    // Teredo, RFC 4380 §4: the server, and the client with its bits turned over
    [w0 === 0x2001_0000, w1],
    [w0 === 0x2001_0000, ~w3],
    // ISATAP, RFC 5214 §6.1, under any prefix
    [isIsatap, w3],
  ];
  return words.flatMap(([isCarried, word]) => (isCarried ? [networkOf(dottedOf(word))] : []));
}

const NAT64_WORD = 0x0064_ff9b;

function dottedOf(word: number): string {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff].join(".");
}

/** Of a text that is known to be one. */
function networkOf(text: string): Prefix {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix") throw new Error(`Not a network: ${text}`);
  return reading.prefix;
}
