import { CLOSE_BRACKET, COLON, DOT, isAlphanumericOr, isDigit, OPEN_BRACKET, PERCENT, ZERO } from "./chars.ts";
import { type AddressWords, createWords, isUnspecified } from "./words.ts";

/** What was read of one hop: its address, and what stood beside it. Mutable and reused, like its words. */
export type HopAddress = {
  readonly words: AddressWords;
  /** The port beside the address, 0 to 65535; -1 without one. */
  port: number;
  /** The zone of an IPv6 address (`eth0` of `fe80::1%eth0`), kept aside: it is no part of the address. */
  zone: string | undefined;
};

/** A hop to be read into. */
export function createHopAddress(): HopAddress {
  return { words: createWords(), port: -1, zone: undefined };
}

/** Longest text that is read as a hop, in characters: an IPv6 address with brackets and port takes 53, and a zone has room beside it. */
export const MAX_HOP_LENGTH = 128;

/**
 * Reads a hop: an address in one of the forms `a.b.c.d`, `a.b.c.d:port`, IPv6, `[IPv6]`, `[IPv6]:port`, with or without a zone.
 *
 * Not lenient: no octal, hexadecimal or short IPv4, no host name, no CIDR, no quotes, no blanks, no bracketed IPv4. An unbracketed
 * IPv6 text never loses a `:port`. `0.0.0.0` and `::` are nobody's address and so not read.
 *
 * Shape:  the text is `text[start, end)`; on `true` the address is in `into`, on `false` `into` holds nothing of use.
 * Source: RFC 4291 §2.2 for IPv6 text, RFC 3986 §3.2.2 for dotted decimal and brackets, RFC 6874 for zones.
 */
export function readHop(text: string, start: number, end: number, into: HopAddress): boolean {
  into.port = -1;
  into.zone = undefined;
  if (start >= end || end - start > MAX_HOP_LENGTH) return false;
  const { words } = into;
  if (text.charCodeAt(start) === OPEN_BRACKET) return readBracketed(text, start, end, into) && !isUnspecified(words);
  if (readIpv4(text, end, words) === start) return words.w3 !== 0;
  const colon = indexWithin(text, COLON, start, end);
  if (colon === -1) return false;
  if (readIpv4(text, colon, words) === start) return readPort(text, colon + 1, end, into) && words.w3 !== 0;
  return readZonedIpv6(text, start, end, into) && !isUnspecified(words);
}

/** Reads a bare address: no port, no brackets, no zone. The unspecified addresses are read too, because a prefix may start with them. */
export function readAddress(text: string, into: AddressWords): boolean {
  return readIpv4(text, text.length, into) === 0 || readIpv6(text, 0, text.length, into);
}

function readBracketed(text: string, start: number, end: number, into: HopAddress): boolean {
  const close = indexWithin(text, CLOSE_BRACKET, start + 1, end);
  if (close === -1 || !readZonedIpv6(text, start + 1, close, into)) return false;
  if (close + 1 === end) return true;
  return text.charCodeAt(close + 1) === COLON && readPort(text, close + 2, end, into);
}

function readZonedIpv6(text: string, start: number, end: number, into: HopAddress): boolean {
  // Hardly a hop has a zone, so it is looked for when the text without one is no address.
  if (readIpv6(text, start, end, into.words)) return true;
  const percent = indexWithin(text, PERCENT, start, end);
  if (percent === -1 || !readIpv6(text, start, percent, into.words) || !isZone(text, percent + 1, end)) return false;
  into.zone = text.slice(percent + 1, end);
  return true;
}

/** RFC 6874 §2: a zone is made of unreserved characters. */
function isZone(text: string, start: number, end: number): boolean {
  let at = start;
  while (at < end && isAlphanumericOr("-._~", text.charCodeAt(at))) at++;
  return start < end && at === end;
}

/** One to five digits that make 0 to 65535 (RFC 7239 §6 has the same form). */
function readPort(text: string, start: number, end: number, into: HopAddress): boolean {
  if (start >= end || end - start > 5) return false;
  let port = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return false;
    port = port * 10 + code - ZERO;
  }
  into.port = port;
  return port <= 65_535;
}

/**
 * Reads the dotted decimal that ends before `end`, from the right, so that a walk over a header finds the start of a hop and reads it in one pass.
 * Gives where it starts, or -1 when there are not four parts of 0 to 255 without leading zeros. The caller decides what may stand before it.
 */
export function readIpv4(text: string, end: number, into: AddressWords): number {
  if (end < MIN_IPV4_LENGTH) return -1;
  let at = end - 1;
  let value = 0;
  for (let shift = 0; ; shift += 8) {
    // Ones, tens, hundreds. Spelled out, because a loop over the digits costs half as much again and this is where the time goes.
    let leading = text.charCodeAt(at--) - ZERO;
    let octet = leading;
    // Unsigned, what is no digit is large.
    if (leading >>> 0 > 9) return -1;
    let next = at < 0 ? NO_DIGIT : text.charCodeAt(at) - ZERO;
    if (next >>> 0 <= 9) {
      octet += next * 10;
      leading = next;
      next = --at < 0 ? NO_DIGIT : text.charCodeAt(at) - ZERO;
      if (next >>> 0 <= 9) {
        octet += next * 100;
        leading = next;
        next = --at < 0 ? NO_DIGIT : text.charCodeAt(at) - ZERO;
      }
      if (leading === 0 || octet > 255) return -1;
    }
    value |= octet << shift;
    if (shift === 24) break;
    if (next !== DOT - ZERO || at === 0) return -1;
    at--;
  }
  setIpv4(into, value);
  return at + 1;
}

/** `0.0.0.0` */
const MIN_IPV4_LENGTH = 7;

/** Stands for the character before the first. */
const NO_DIGIT = -1;

function setIpv4(into: AddressWords, value: number): void {
  into.w3 = value;
  if (into.family === 4) return;
  into.family = 4;
  into.w0 = 0;
  into.w1 = 0;
  into.w2 = 0;
}

const MAX_GROUPS = 8;

/** The eight groups of the address being read; `readIpv6` never calls out while it uses them. */
const groups = new Uint16Array(MAX_GROUPS);

/** Reads IPv6 text (RFC 4291 §2.2: groups, one `::`, a dotted decimal tail) that fills `[start, end)`. Folds IPv4-mapped to IPv4. */
function readIpv6(text: string, start: number, end: number, into: AddressWords): boolean {
  if (end - start < 2) return false;
  let count = 0;
  let gap = -1;
  let at = start;
  if (text.charCodeAt(at) === COLON) {
    if (text.charCodeAt(at + 1) !== COLON) return false;
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (count === MAX_GROUPS) return false;
    const group = at;
    let value = 0;
    while (at < end) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit === -1) break;
      value = (value << 4) | digit;
      if (++at - group > 4) return false;
    }
    if (at < end && text.charCodeAt(at) === DOT) {
      if (count > MAX_GROUPS - 2 || readIpv4(text, end, into) !== group) return false;
      groups[count++] = into.w3 >>> 16;
      groups[count++] = into.w3 & 0xffff;
      return placeGroups(count, gap, into);
    }
    if (at === group) return false;
    groups[count++] = value;
    if (at === end) break;
    if (text.charCodeAt(at) !== COLON || at + 1 === end) return false;
    at++;
    if (text.charCodeAt(at) === COLON) {
      if (gap !== -1) return false;
      gap = count;
      at++;
    }
  }
  return placeGroups(count, gap, into);
}

/** The value of a hexadecimal digit, -1 for any other character. */
function hexDigit(code: number): number {
  if (isDigit(code)) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Spreads the groups that were read over the eight places, zeros where `::` stood. `::` is at least one group. */
function placeGroups(count: number, gap: number, into: AddressWords): boolean {
  if (gap === -1 ? count !== MAX_GROUPS : count >= MAX_GROUPS) return false;
  const head = gap === -1 ? count : gap;
  into.w0 = wordAt(0, head, count);
  into.w1 = wordAt(2, head, count);
  into.w2 = wordAt(4, head, count);
  into.w3 = wordAt(6, head, count);
  into.family = 6;
  // RFC 4291 §2.5.5.2: ::ffff:a.b.c.d is the IPv4 address a.b.c.d as an IPv6 socket shows it.
  if (into.w0 === 0 && into.w1 === 0 && into.w2 === 0xffff) setIpv4(into, into.w3);
  return true;
}

function wordAt(place: number, head: number, count: number): number {
  return (groupAt(place, head, count) << 16) | groupAt(place + 1, head, count);
}

/** The first `head` groups stand in the first places, the others in the last. */
function groupAt(place: number, head: number, count: number): number {
  if (place < head) return groups[place] as number;
  const index = place - MAX_GROUPS + count;
  return index < head ? 0 : (groups[index] as number);
}

function indexWithin(text: string, code: number, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (text.charCodeAt(at) === code) return at;
  }
  return -1;
}
