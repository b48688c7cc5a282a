import fc from "fast-check";
import { expect, test } from "vitest";
import { createAddressSorter } from "../../src/access-log/tally/address-sort.ts";
import {
  addDistinct,
  createDistinct,
  DISTINCT_ERROR,
  estimateDistinct,
  markOf,
  mergeDistinct,
} from "../../src/access-log/tally/distinct.ts";
import { addFrequent, commonest, createFrequent, mergeFrequent } from "../../src/access-log/tally/frequent.ts";
import { kindOfAddress } from "../../src/facts/address-kind.ts";

function distinctOf(texts: Iterable<string>) {
  const distinct = createDistinct();
  const mark = { index: 0, rank: 0 };
  for (const text of texts) {
    markOf(text, mark);
    addDistinct(distinct, mark);
  }
  return distinct;
}

test.each([0, 1, 2, 100, 5_000, 60_000, 300_000])("%i different addresses are estimated within four standard errors", (count) => {
  const texts = function* () {
    for (let at = 0; at < count; at++) yield `${at >>> 16}.${(at >>> 8) & 255}.${at & 255}.7`;
  };
  expect(Math.abs(estimateDistinct(distinctOf(texts())) - count)).toBeLessThanOrEqual(count * 4 * DISTINCT_ERROR);
});

test("two estimates that are merged are as if one had seen all", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (first, second) => {
      const merged = distinctOf(first);
      mergeDistinct(merged, distinctOf(second));
      expect(Buffer.from(merged.registers).equals(distinctOf([...first, ...second]).registers)).toBe(true);
    }),
  );
});

test("a count of the commonest is never too large, too small by its error at most, and the error is bounded", () => {
  const capacity = 8;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 5 })), { maxLength: 300 }), fc.nat(300), (added, cut) => {
      const truth = new Map<string, number>();
      const halves = [createFrequent(), createFrequent()] as const;
      for (const [at, [key, count]] of added.entries()) {
        truth.set(String(key), (truth.get(String(key)) ?? 0) + count);
        addFrequent(at < cut ? halves[0] : halves[1], { text: String(key), count }, capacity);
      }
      const [all, other] = halves;
      mergeFrequent(all, other, capacity);
      const lines = added.reduce((sum, [, count]) => sum + count, 0);
      expect(all.counts.size).toBeLessThanOrEqual(capacity);
      expect(all.error).toBeLessThanOrEqual(lines / (capacity / 2));
      for (const [text, count] of truth) {
        const told = all.counts.get(text) ?? 0;
        expect(told).toBeLessThanOrEqual(count);
        expect(told + all.error).toBeGreaterThanOrEqual(count);
      }
      if (truth.size <= capacity / 2)
        expect(commonest(all, capacity).map(({ text, count }) => [text, count])).toEqual(
          [...truth].sort(([first, one], [second, two]) => two - one || (first < second ? -1 : 1)),
        );
    }),
  );
});

test("the sort of an address is its kind, by whichever way", () => {
  const sortOf = createAddressSorter();
  const edges = [
    "10.0.0.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.64.0.1",
    "127.0.0.6",
    "192.0.2.1",
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fdff::1",
    "2001:db8::1",
    "2001:4860::1",
    "64:ff9b::1",
    "240.0.0.1",
  ];
  for (const text of edges) expect({ text, kind: sortOf(text).kind }).toEqual({ text, kind: kindOfAddress(text) });
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      expect(sortOf(text).kind).toBe(kindOfAddress(text));
    }),
  );
  expect(sortOf("104.16.0.1")).toEqual({ kind: "public", provider: "cloudflare" });
});
