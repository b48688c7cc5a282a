/**
 * One address as numbers while it is being read and compared: mutable, reused, and never handed to a caller.
 *
 * Shape: four signed 32-bit words, the most significant in `w0`. An IPv4 address stands in `w3` and the others are 0.
 * An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is never here: reading folds it to IPv4.
 */
export type AddressWords = { family: 4 | 6; w0: number; w1: number; w2: number; w3: number };

/** The unspecified address, to be read into. */
export function createWords(): AddressWords {
  return { family: 4, w0: 0, w1: 0, w2: 0, w3: 0 };
}

/** Copies an address over another. */
export function copyWords(from: AddressWords, into: AddressWords): void {
  into.family = from.family;
  into.w0 = from.w0;
  into.w1 = from.w1;
  into.w2 = from.w2;
  into.w3 = from.w3;
}

/** Whether the address is `0.0.0.0` or `::`: nobody's (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2). */
export function isUnspecified(words: AddressWords): boolean {
  return (words.w0 | words.w1 | words.w2 | words.w3) === 0;
}

/** Orders two words as the unsigned numbers they stand for. */
function compareWord(left: number, right: number): number {
  return (left >>> 0) - (right >>> 0);
}

/** Orders two addresses of one family: below 0, 0 for the same, above 0. */
export function compareWords(left: AddressWords, right: AddressWords): number {
  return (
    compareWord(left.w0, right.w0) || compareWord(left.w1, right.w1) || compareWord(left.w2, right.w2) || compareWord(left.w3, right.w3)
  );
}
