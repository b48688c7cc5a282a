import type { AddressWords } from "./words.ts";

/** Canonical text of an address: dotted decimal, or RFC 5952 with hexadecimal groups throughout. Equal addresses have equal text. */
export function formatWords(words: AddressWords): string {
  return words.family === 4 ? formatIpv4(words.w3) : formatIpv6(words);
}

function formatIpv4(word: number): string {
  return `${OCTETS[word >>> 24]}${OCTETS[(word >>> 16) & 255]}${OCTETS[(word >>> 8) & 255]}${word & 255}`;
}

/** `0.` to `255.`: joining texts that are at hand takes half as long as making them of numbers. */
const OCTETS: readonly string[] = Array.from({ length: 256 }, (_, octet) => `${octet}.`);

/** RFC 5952 §4.2: the longest run of zero groups is shortened, the first of equals, and never a single group. */
function formatIpv6(words: AddressWords): string {
  let runStart = 0;
  let runLength = 1;
  let length = 0;
  for (let index = 0; index < 8; index++) {
    length = groupAt(words, index) === 0 ? length + 1 : 0;
    if (length > runLength) {
      runStart = index + 1 - length;
      runLength = length;
    }
  }
  if (runLength === 1) return formatGroups(words, 0, 8);
  return `${formatGroups(words, 0, runStart)}::${formatGroups(words, runStart + runLength, 8)}`;
}

function formatGroups(words: AddressWords, from: number, to: number): string {
  let text = "";
  for (let index = from; index < to; index++) {
    if (index > from) text += ":";
    text += groupAt(words, index).toString(16);
  }
  return text;
}

function groupAt(words: AddressWords, index: number): number {
  const word = index < 2 ? words.w0 : index < 4 ? words.w1 : index < 6 ? words.w2 : words.w3;
  return index % 2 === 0 ? word >>> 16 : word & 0xffff;
}
