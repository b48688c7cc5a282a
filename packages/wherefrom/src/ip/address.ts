import { formatWords } from "./format.ts";
import { readAddress } from "./read.ts";
import { createWords, isUnspecified } from "./words.ts";

/**
 * An IP address. Two addresses are equal exactly when their `text` is equal: key, compare and log by `text`.
 * Not a spelling: never IPv4-mapped, zoned, bracketed or with a port.
 */
export type IpAddress = {
  readonly family: 4 | 6;
  /** Dotted decimal, or RFC 5952. */
  readonly text: string;
};

/**
 * Parses a bare address: dotted decimal or RFC 4291 text, an IPv4-mapped one folded to IPv4.
 *
 * Not a hop of a header: no port, no brackets, no zone. `undefined` for anything else, and for `0.0.0.0` and `::`, which are nobody's.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const words = createWords();
  if (!readAddress(text, words) || isUnspecified(words)) return undefined;
  return { family: words.family, text: formatWords(words) };
}
