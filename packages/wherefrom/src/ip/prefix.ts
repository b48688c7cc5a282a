import { isDigit, ZERO } from "./chars.ts";
import { formatWords } from "./format.ts";
import { readAddress } from "./read.ts";
import { type AddressWords, createWords } from "./words.ts";

/** A network: its first address and how many leading bits are fixed. Not a host with a mask: no bit is set past `length`. */
export type Prefix = {
  readonly first: Readonly<AddressWords>;
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
  if (!sameWords(masked, first)) return { kind: "host-bits-set", suggestion: formatPrefix(masked, length) };
  return { kind: "prefix", prefix: { first: masked, length, text: formatPrefix(masked, length) } };
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
  const hostBits = hostMask(prefix.first.family, prefix.length);
  const { family, w0, w1, w2, w3 } = prefix.first;
  return { family, w0: w0 | hostBits.w0, w1: w1 | hostBits.w1, w2: w2 | hostBits.w2, w3: w3 | hostBits.w3 };
}

/** Whether an address lies in a network. Of different families: no. */
export function prefixContains(prefix: Prefix, words: AddressWords): boolean {
  return words.family === prefix.first.family && sameWords(mask(words, prefix.length), prefix.first);
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
  const hostBits = hostMask(words.family, length);
  return {
    family: words.family,
    w0: words.w0 & ~hostBits.w0,
    w1: words.w1 & ~hostBits.w1,
    w2: words.w2 & ~hostBits.w2,
    w3: words.w3 & ~hostBits.w3,
  };
}

/** The bits past the first `length`. */
function hostMask(family: 4 | 6, length: number): AddressWords {
  const fixed = family === 4 ? length + 96 : length;
  return {
    family,
    w0: family === 4 ? 0 : hostMaskOfWord(fixed),
    w1: family === 4 ? 0 : hostMaskOfWord(fixed - 32),
    w2: family === 4 ? 0 : hostMaskOfWord(fixed - 64),
    w3: hostMaskOfWord(fixed - 96),
  };
}

/** JavaScript shifts by the low five bits of the count, so 32 and more need a case of their own. */
function hostMaskOfWord(fixed: number): number {
  if (fixed <= 0) return -1;
  return fixed >= 32 ? 0 : -1 >>> fixed;
}

/** `::ffff:0:0` cut to fewer than its 96 fixed bits: an IPv6 network that reaches beyond the mapped addresses. */
function maskedMapped(length: number): AddressWords {
  return mask({ family: 6, w0: 0, w1: 0, w2: 0xffff, w3: 0 }, length);
}

function sameWords(left: AddressWords, right: AddressWords): boolean {
  return left.w0 === right.w0 && left.w1 === right.w1 && left.w2 === right.w2 && left.w3 === right.w3;
}

function formatPrefix(words: AddressWords, length: number): string {
  return `${formatWords(words)}/${length}`;
}
