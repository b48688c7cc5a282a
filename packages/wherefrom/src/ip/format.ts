import type { AddressWords } from "./words.ts";

/** Canonical text of an address: dotted decimal, or RFC 5952 with hexadecimal groups throughout. Equal addresses have equal text. */
export function formatWords(words: AddressWords): string {
  return words.family === 4 ? formatIpv4(words.w3) : formatIpv6(words);
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function formatIpv6(words: AddressWords): string {
  const groups = [words.w0, words.w1, words.w2, words.w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  const texts = groups.map((group) => group.toString(16));
  const run = longestZeroRun(groups);
  if (run.length < 2) return texts.join(":");
  return `${texts.slice(0, run.start).join(":")}::${texts.slice(run.start + run.length).join(":")}`;
}

/** RFC 5952 §4.2: the longest run of zero groups is shortened, the first of equals, and never a single group. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  const longest = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > longest.length) {
      longest.start = index + 1 - length;
      longest.length = length;
    }
  }
  return longest;
}
