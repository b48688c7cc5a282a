/**
 * An address as it is counted: what it is told from others by, and two hashes, made once for all who count it. Used again for the next.
 *
 * An IPv4 address is its 32 bits and has no `text`, so that counting it keeps no text alive; anything else is its text.
 */
export type AddressKey = { text: string | undefined; bits: number; first: number; second: number };

export function createAddressKey(): AddressKey {
  return { text: undefined, bits: 0, first: 0, second: 0 };
}

/** Takes up an address, given as canonical text. The hashes have no key: not against who chooses addresses so that they collide. */
export function readAddressKey(text: string, into: AddressKey): void {
  if (readIpv4(text, into)) return readIpv4Key(into.bits, into);
  let first = FIRST;
  let second = SECOND;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    first = mixed(first, unit);
    second = mixed(second, unit);
  }
  into.text = text;
  into.bits = 0;
  into.first = finished(first ^ text.length);
  into.second = finished(second ^ text.length);
}

/** Takes up an IPv4 address, given as its 32 bits. */
export function readIpv4Key(bits: number, into: AddressKey): void {
  into.text = undefined;
  into.bits = bits;
  into.first = finished(bits ^ FIRST);
  into.second = finished(Math.imul(bits, 0x9e3779b1) ^ SECOND);
}

/** The text that the key was read from. */
export function textOf(text: string | undefined, bits: number): string {
  return text ?? `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/** Only what is written as `textOf` writes it. */
function readIpv4(text: string, into: AddressKey): boolean {
  if (text.length > 15) return false;
  let bits = 0;
  let octet = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit === DOT) {
      if (octet === -1 || ++dots > 3) return false;
      bits = (bits << 8) | octet;
      octet = -1;
    } else {
      // a zero leads no other digit
      if (digit >>> 0 > 9 || octet === 0) return false;
      octet = octet === -1 ? digit : octet * 10 + digit;
      if (octet > 255) return false;
    }
  }
  into.bits = (bits << 8) | octet;
  return dots === 3 && octet !== -1;
}

const DOT = 0x2e - 0x30;

/** Where the two hashes begin. Mixing is Murmur3's (Appleby, 2008, public domain). */
const FIRST = 0x17c7b28c;
const SECOND = 0x5bd1e995;

function mixed(hash: number, unit: number): number {
  return (Math.imul(rotated(hash ^ Math.imul(rotated(Math.imul(unit, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  const halved = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const quartered = Math.imul(halved ^ (halved >>> 13), 0xc2b2ae35);
  return quartered ^ (quartered >>> 16);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
