import { lastOf, type Prefix } from "./prefix.ts";
import { type AddressWords, compareWord } from "./words.ts";

/**
 * Many networks, asked one question: is this address in any of them? Not a list: networks that overlap or adjoin are merged, so which
 * network it was is asked of the list that the set was made from.
 *
 * Shape: for each family the first and last addresses of disjoint ranges, ascending. A word is stored with its sign bit
 * turned over, so that signed comparison orders it as unsigned.
 */
export type PrefixSet = {
  readonly firsts4: Int32Array;
  readonly lasts4: Int32Array;
  /** Four words a boundary. */
  readonly firsts6: Int32Array;
  readonly lasts6: Int32Array;
};

/** Builds the set. Cost: n log n. */
export function createPrefixSet(prefixes: readonly Prefix[]): PrefixSet {
  const ranges4 = mergeRanges(prefixes.filter((prefix) => prefix.first.family === 4));
  const ranges6 = mergeRanges(prefixes.filter((prefix) => prefix.first.family === 6));
  return {
    firsts4: Int32Array.from(ranges4, (range) => turned(range.first.w3)),
    lasts4: Int32Array.from(ranges4, (range) => turned(range.last.w3)),
    firsts6: Int32Array.from(ranges6.flatMap((range) => boundary(range.first))),
    lasts6: Int32Array.from(ranges6.flatMap((range) => boundary(range.last))),
  };
}

/** Whether any network of the set contains the address. Binary search: the cost grows with the logarithm of the number of ranges. */
export function setContains(set: PrefixSet, words: AddressWords): boolean {
  return words.family === 4 ? contains4(set, turned(words.w3)) : contains6(set, words);
}

const SIGN_BIT = 0x8000_0000 | 0;

function turned(word: number): number {
  return word ^ SIGN_BIT;
}

function boundary(words: AddressWords): number[] {
  return [turned(words.w0), turned(words.w1), turned(words.w2), turned(words.w3)];
}

function contains4(set: PrefixSet, key: number): boolean {
  const firsts = set.firsts4;
  let low = 0;
  let high = firsts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((firsts[middle] as number) <= key) low = middle + 1;
    else high = middle;
  }
  return low > 0 && key <= (set.lasts4[low - 1] as number);
}

function contains6(set: PrefixSet, words: AddressWords): boolean {
  let low = 0;
  let high = set.firsts6.length >>> 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBoundary(set.firsts6, middle, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && compareBoundary(set.lasts6, low - 1, words) >= 0;
}

/** Negative when the boundary is below the address, 0 when it is the address, positive when it is above. */
function compareBoundary(boundaries: Int32Array, index: number, words: AddressWords): number {
  const at = index << 2;
  return (
    (boundaries[at] as number) - turned(words.w0) ||
    (boundaries[at + 1] as number) - turned(words.w1) ||
    (boundaries[at + 2] as number) - turned(words.w2) ||
    (boundaries[at + 3] as number) - turned(words.w3)
  );
}

type Range = { first: AddressWords; last: AddressWords };

/** Ascending and apart: ranges that overlap or adjoin are one. */
function mergeRanges(prefixes: readonly Prefix[]): readonly Range[] {
  const ranges = prefixes.map((prefix): Range => ({ first: prefix.first, last: lastOf(prefix) }));
  ranges.sort((left, right) => compareWords(left.first, right.first));
  const merged: Range[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous === undefined || (compareWords(range.first, previous.last) > 0 && !isNext(range.first, previous.last))) merged.push(range);
    else if (compareWords(range.last, previous.last) > 0) previous.last = range.last;
  }
  return merged;
}

/** Whether `words` is the address after `last`. Each word carries into the one above it when it comes round to 0. */
function isNext(words: AddressWords, last: AddressWords): boolean {
  const w3 = (last.w3 + 1) | 0;
  const w2 = (last.w2 + (w3 === 0 ? 1 : 0)) | 0;
  const w1 = (last.w1 + (w3 === 0 && w2 === 0 ? 1 : 0)) | 0;
  const w0 = (last.w0 + (w3 === 0 && w2 === 0 && w1 === 0 ? 1 : 0)) | 0;
  return words.w3 === w3 && words.w2 === w2 && words.w1 === w1 && words.w0 === w0;
}

function compareWords(left: AddressWords, right: AddressWords): number {
  return (
    compareWord(left.w0, right.w0) || compareWord(left.w1, right.w1) || compareWord(left.w2, right.w2) || compareWord(left.w3, right.w3)
  );
}
