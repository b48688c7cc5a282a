import { lastOf, type Prefix } from "./prefix.ts";
import { type AddressWords, compareWords } from "./words.ts";

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
  readonly low4: number;
  readonly high4: number;
  /** From the first address to the last in equal steps of 2 to the `shift4`: how many ranges begin before each step. */
  readonly steps4: Uint32Array;
  readonly shift4: number;
  /** Four words a boundary. */
  readonly firsts6: Int32Array;
  readonly lasts6: Int32Array;
};

/** Builds the set. Cost: n log n. */
export function createPrefixSet(prefixes: readonly Prefix[]): PrefixSet {
  const ranges4 = mergeRanges(prefixes.filter((prefix) => prefix.first.family === 4));
  const ranges6 = mergeRanges(prefixes.filter((prefix) => prefix.first.family === 6));
  const firsts4 = Int32Array.from(ranges4, (range) => turned(range.first.w3));
  const lasts4 = Int32Array.from(ranges4, (range) => turned(range.last.w3));
  return {
    firsts4,
    lasts4,
    ...stepsOver(firsts4, lasts4),
    firsts6: Int32Array.from(ranges6.flatMap((range) => boundary(range.first))),
    lasts6: Int32Array.from(ranges6.flatMap((range) => boundary(range.last))),
  };
}

/**
 * Whether any network of the set contains the address. A table of steps leads to the few ranges that begin near an IPv4 address, a binary search to
 * the one: the cost hardly grows with the number of ranges, and never beyond its logarithm.
 */
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

/** Steps for each range: enough that most steps have none or one. */
const STEPS_PER_RANGE = 4;

function stepsOver(firsts: Int32Array, lasts: Int32Array): Pick<PrefixSet, "low4" | "high4" | "steps4" | "shift4"> {
  // Of no ranges, the first address is above the last.
  const low4 = firsts[0] ?? 0;
  const high4 = lasts.at(-1) ?? -1;
  const span = (high4 - low4) >>> 0;
  let shift4 = 0;
  while (span >>> shift4 > STEPS_PER_RANGE * (firsts.length + 1)) shift4++;
  const steps4 = new Uint32Array((span >>> shift4) + 2);
  // Each range is counted at the step behind the one that it begins in, and with all steps after that.
  for (const first of firsts) (steps4[((first - low4) >>> shift4) + 1] as number) += 1;
  for (let step = 1; step < steps4.length; step++) (steps4[step] as number) += steps4[step - 1] as number;
  return { low4, high4, steps4, shift4 };
}

function contains4({ firsts4: firsts, lasts4: lasts, steps4: steps, shift4, low4, high4 }: PrefixSet, key: number): boolean {
  if (key < low4 || key > high4) return false;
  const step = (key - low4) >>> shift4;
  let low = steps[step] as number;
  let high = steps[step + 1] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((firsts[middle] as number) <= key) low = middle + 1;
    else high = middle;
  }
  return key <= (lasts[low - 1] as number);
}

function contains6({ firsts6: firsts, lasts6: lasts }: PrefixSet, words: AddressWords): boolean {
  let low = 0;
  let high = firsts.length >>> 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBoundary(firsts, middle, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && compareBoundary(lasts, low - 1, words) >= 0;
}

/** Below 0 when the boundary is below the address, 0 when it is the address, above 0 when it is above. The first word that differs decides. */
function compareBoundary(boundaries: Int32Array, index: number, { w0, w1, w2, w3 }: AddressWords): number {
  const at = index << 2;
  return (
    compareTurned(boundaries[at] as number, turned(w0)) ||
    compareTurned(boundaries[at + 1] as number, turned(w1)) ||
    compareTurned(boundaries[at + 2] as number, turned(w2)) ||
    compareTurned(boundaries[at + 3] as number, turned(w3))
  );
}

/** Subtracting would be shorter, and leave the range that whole numbers are quick in. */
function compareTurned(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0;
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
  return compareWords(words, { family: last.family, w0, w1, w2, w3 }) === 0;
}
