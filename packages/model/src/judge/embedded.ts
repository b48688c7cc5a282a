import type { Prefix } from "wherefrom";

type Words = Prefix["first"];

/** A form in which IPv4 addresses stand in IPv6 addresses. */
type Form = { readonly isOne: (words: Words) => boolean; readonly inner: (words: Words) => number };

const upper16 = (word: number): number => word >>> 16;
const joined = (high: number, low: number): number => ((high & 0xffff) << 16) | (low & 0xffff);

/**
 * An IPv4-mapped address is not here: reading folds it. The server of a Teredo address is not its client, so it does not count. Which length a network
 * has chosen below NAT64's prefix for local use cannot be seen: all count.
 *
 * In the order of the rows: RFC 4291 §2.5.5.1 (IPv4-compatible), RFC 7915 §7 (IPv4-translated), RFC 6052 §2.1 (NAT64), RFC 8215 with RFC 6052 §2.2 for the
 * lengths 96, 64, 56 and 48, RFC 3056 §2 (6to4), RFC 4380 §4 (Teredo), RFC 5214 §6.1 (ISATAP).
 */
const FORMS: readonly Form[] = [
  { isOne: ({ w0, w1, w2, w3 }) => (w0 | w1 | w2) === 0 && w3 >>> 0 > 1, inner: ({ w3 }) => w3 },
  { isOne: ({ w0, w1, w2 }) => (w0 | w1) === 0 && w2 === (0xffff0000 | 0), inner: ({ w3 }) => w3 },
  { isOne: ({ w0, w1, w2 }) => w0 === 0x0064ff9b && (w1 | w2) === 0, inner: ({ w3 }) => w3 },
  { isOne: isLocalNat64, inner: ({ w3 }) => w3 },
  { isOne: isLocalNat64, inner: ({ w2, w3 }) => (w2 << 8) | (w3 >>> 24) },
  { isOne: isLocalNat64, inner: ({ w1, w2 }) => (w1 << 24) | (w2 & 0x00ffffff) },
  { isOne: isLocalNat64, inner: ({ w1, w2 }) => joined(w1, w2 >>> 8) },
  { isOne: ({ w0 }) => upper16(w0) === 0x2002, inner: ({ w0, w1 }) => joined(w0, upper16(w1)) },
  { isOne: ({ w0 }) => w0 === 0x20010000, inner: ({ w3 }) => ~w3 },
  { isOne: ({ w2 }) => (w2 & ~0x02000000) === 0x00005efe, inner: ({ w3 }) => w3 },
];

function isLocalNat64({ w0, w1 }: Words): boolean {
  return w0 === 0x0064ff9b && upper16(w1) === 1;
}

/** Dotted decimal. */
export function textOf4({ w3 }: Words): string {
  return [w3 >>> 24, (w3 >>> 16) & 255, (w3 >>> 8) & 255, w3 & 255].join(".");
}

/** The IPv4 addresses that an IPv6 address stands for, by any form that it has. A client can choose such a form: it must not get round a rule by it. */
export function embeddedIn(words: Words): readonly Words[] {
  if (words.family === 4) return [];
  return FORMS.filter(({ isOne }) => isOne(words)).map(({ inner }) => ({ family: 4, w0: 0, w1: 0, w2: 0, w3: inner(words) | 0 }));
}
