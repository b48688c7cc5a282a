import { isDigit, ZERO } from "./chars.ts";
import { formatWords } from "./format.ts";
import { readAddress } from "./read.ts";
import { type AddressWords, compareWords, createWords } from "./words.ts";

/** A network: its first address and how many leading bits are fixed. Not a host with a mask: no bit is set past `length`. */
export type Prefix = {
  readonly first: Readonly<AddressWords>;
  /** The bits that are fixed. */
  readonly mask: Readonly<AddressWords>;
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number;
  /** Canonical text, always with the length: `10.0.0.0/8`, `2001:db8::1/128`. */
  readonly text: string;
};

/** What `parsePrefix` says of a text. */
export type PrefixReading =
  | { readonly kind: "prefix"; readonly prefix: Prefix }
  | { readonly kind: "not-a-prefix" }
  /** `suggestion` is the network that the text lies in. */
  | { readonly kind: "host-bits-set"; readonly suggestion: string };

/**
 * Parses a CIDR (`10.0.0.0/8`) or a bare address, which is a network of one (`/32`, `/128`). An IPv4-mapped one of at least
 * `/96` is folded to IPv4, as addresses are.
 *
 * Source: RFC 4632 §3.1, RFC 4291 §2.3.
 */
export function parsePrefix(text: string): PrefixReading {
  const slash = text.indexOf("/");
  const first = createWords();
  const address = slash === -1 ? text : text.slice(0, slash);
  if (!readAddress(address, first)) return { kind: "not-a-prefix" };
  const isMapped = first.family === 4 && address.includes(":");
  const writtenBits = isMapped ? 128 : bitsOf(first.family);
  const written = slash === -1 ? writtenBits : readLength(text, slash + 1, writtenBits);
  if (written === undefined) return { kind: "not-a-prefix" };
  if (isMapped && written < 96) return { kind: "host-bits-set", suggestion: formatPrefix(maskedMapped(written), written) };
  const length = isMapped ? written - 96 : written;
  const masked = mask(first, length);
  if (compareWords(masked, first) !== 0) return { kind: "host-bits-set", suggestion: formatPrefix(masked, length) };
  const prefix = { first: masked, mask: maskOf(first.family, length), length, text: formatPrefix(masked, length) };
  return { kind: "prefix", prefix };
}

/** A network that is known to be well formed: for tables in code. Throws on a text that is none. */
export function prefixOf(text: string): Prefix {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix") throw new Error(`Not a prefix in a table: ${text}`);
  return reading.prefix;
}

/** Canonical text of the network of `length` bits that the address lies in. */
export function formatNetworkOf(words: AddressWords, length: number): string {
  return formatPrefix(mask(words, length), length);
}

/** The last address of a network. */
export function lastOf(prefix: Prefix): AddressWords {
  const { first, mask } = prefix;
  if (first.family === 4) return { family: 4, w0: 0, w1: 0, w2: 0, w3: first.w3 | ~mask.w3 };
  return { family: 6, w0: first.w0 | ~mask.w0, w1: first.w1 | ~mask.w1, w2: first.w2 | ~mask.w2, w3: first.w3 | ~mask.w3 };
}

/** Whether an address lies in a network. Of different families: no. */
export function prefixContains(prefix: Prefix, words: AddressWords): boolean {
  const { first, mask } = prefix;
  if (words.family !== first.family) return false;
  const differs =
    ((words.w0 ^ first.w0) & mask.w0) |
    ((words.w1 ^ first.w1) & mask.w1) |
    ((words.w2 ^ first.w2) & mask.w2) |
    ((words.w3 ^ first.w3) & mask.w3);
  return differs === 0;
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function readLength(text: string, start: number, max: number): number | undefined {
  if (start === text.length || text.length - start > 3) return undefined;
  if (text.charCodeAt(start) === ZERO && text.length - start > 1) return undefined;
  let length = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return undefined;
    length = length * 10 + code - ZERO;
  }
  return length <= max ? length : undefined;
}

function mask(words: AddressWords, length: number): AddressWords {
  const fixed = maskOf(words.family, length);
  return { family: words.family, w0: words.w0 & fixed.w0, w1: words.w1 & fixed.w1, w2: words.w2 & fixed.w2, w3: words.w3 & fixed.w3 };
}

/** The first `length` bits set. */
function maskOf(family: 4 | 6, length: number): AddressWords {
  if (family === 4) return { family, w0: 0, w1: 0, w2: 0, w3: maskOfWord(length) };
  return { family, w0: maskOfWord(length), w1: maskOfWord(length - 32), w2: maskOfWord(length - 64), w3: maskOfWord(length - 96) };
}

/** JavaScript shifts by the low five bits of the count, so 0 and 32 need cases of their own. */
function maskOfWord(length: number): number {
  if (length <= 0) return 0;
  return length >= 32 ? -1 : ~(-1 >>> length);
}

/** `::ffff:0:0` cut to fewer than its 96 fixed bits: an IPv6 network that reaches beyond the mapped addresses. */
function maskedMapped(length: number): AddressWords {
  return mask({ family: 6, w0: 0, w1: 0, w2: 0xffff, w3: 0 }, length);
}

function formatPrefix(words: AddressWords, length: number): string {
  return `${formatWords(words)}/${length}`;
}
