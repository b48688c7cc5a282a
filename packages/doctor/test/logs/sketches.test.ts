import { kindOfAddress } from "@wherefrom/diagnosis";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressCounter } from "../../src/access-log/tally/address-counter.ts";
import { createAddressKey, readAddressKey, textOf } from "../../src/access-log/tally/address-key.ts";
import { createAddressSorter } from "../../src/access-log/tally/address-sort.ts";
import { AddressTable } from "../../src/access-log/tally/address-table.ts";
import { addDistinct, createDistinct, DISTINCT_ERROR, estimateDistinct, mergeDistinct } from "../../src/access-log/tally/distinct.ts";
import { createFigures, type Figures, mergeFigures } from "../../src/access-log/tally/figures.ts";
import { commonest } from "../../src/access-log/tally/frequent.ts";

function distinctOf(texts: Iterable<string>) {
  const distinct = createDistinct();
  for (const text of texts) addDistinct(distinct, keyOf(text));
  return distinct;
}

function keyOf(text: string) {
  const key = createAddressKey();
  readAddressKey(text, key);
  return key;
}

test.each([0, 1, 2, 100, 5_000, 60_000, 300_000])("%i different addresses are estimated within four standard errors", (count) => {
  const texts = function* () {
    for (let at = 0; at < count; at++) yield `${at >>> 16}.${(at >>> 8) & 255}.${at & 255}.7`;
  };
  expect(Math.abs(estimateDistinct(distinctOf(texts())) - count)).toBeLessThanOrEqual(count * 4 * DISTINCT_ERROR);
});

test("estimates are even where registers begin to fill: their mean is within two of its standard errors", () => {
  const sets = 16;
  // the number at which the first way to estimate is the most too high
  const count = 48_000;
  let sum = 0;
  for (let set = 0; set < sets; set++) {
    const texts = Array.from({ length: count }, (_, at) => `${set + 1}.${at >>> 16}.${(at >>> 8) & 255}.${at & 255}`);
    sum += estimateDistinct(distinctOf(texts)) / count - 1;
  }
  expect(Math.abs(sum / sets)).toBeLessThanOrEqual((2 * DISTINCT_ERROR) / Math.sqrt(sets));
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
  const sorter = createAddressSorter();
  const countAll = (added: readonly (readonly [key: number, count: number])[]): Figures => {
    const figures = createFigures();
    const addresses = new AddressTable({ capacity: 12, sorter });
    const counter = new AddressCounter({ addresses, sorter, figures: [[figures]], capacityOf: () => capacity });
    for (const [key, count] of added) {
      counter.makeRoom(1);
      counter.add(0, Int32Array.of(addresses.rowOf(keyOf(addressOf(key)))), count);
    }
    figures.lines = added.reduce((sum, [, count]) => sum + count, 0);
    counter.flush();
    return figures;
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 300 })), { maxLength: 300 }), fc.nat(300), (added, cut) => {
      const truth = new Map<string, number>();
      for (const [key, count] of added) truth.set(addressOf(key), (truth.get(addressOf(key)) ?? 0) + count);
      const figures = countAll(added.slice(0, cut));
      mergeFigures(figures, countAll(added.slice(cut)), capacity);
      const { addresses, lines, kinds, families, distinct } = figures;
      expect(addresses.counts.size).toBeLessThanOrEqual(capacity);
      expect(addresses.error).toBeLessThanOrEqual(lines / (capacity / 2));
      for (const [text, count] of truth) {
        const told = addresses.counts.get(text) ?? 0;
        expect(told).toBeLessThanOrEqual(count);
        expect(told + addresses.error).toBeGreaterThanOrEqual(count);
      }
      if (truth.size <= capacity / 2)
        expect(commonest(addresses, capacity).map(({ text, count }) => [text, count])).toEqual(
          [...truth].sort(([first, one], [second, two]) => two - one || (first < second ? -1 : 1)),
        );
      // what is counted of all is exact, whatever has been forgotten
      const sumOf = (part: (text: string) => string) => {
        const sums: Record<string, number> = {};
        for (const [text, count] of truth) sums[part(text)] = (sums[part(text)] ?? 0) + count;
        return sums;
      };
      expect(kinds).toEqual(sumOf(kindOfAddress));
      expect(families).toEqual(sumOf((text) => (text.includes(":") ? "6" : "4")));
      expect(Buffer.from(distinct.registers).equals(distinctOf(truth.keys()).registers)).toBe(true);
    }),
  );
});

/** Addresses of both families and of several kinds, and what a log says that is none. */
function addressOf(key: number): string {
  return [`203.0.113.${key}`, `10.0.${key}.1`, `2001:db8::${key.toString(16)}`, `fd00::${key}`, `name-${key}`][key % 5] as string;
}

test("an address is its key and nothing else is", () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[0-9.]{1,16}$/),
    fc.constantFrom("", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.", ".1.2.3", "1..2.3", "255.255.255.255", "0.0.0.0"),
  );
  fc.assert(
    fc.property(texts, texts, (first, second) => {
      const [one, two] = [keyOf(first), keyOf(second)];
      expect(textOf(one.text, one.bits)).toBe(first);
      expect(one.text === two.text && one.bits === two.bits).toBe(first === second);
    }),
  );
});

test("the sort of an address is its kind, by whichever way", () => {
  const sorter = createAddressSorter();
  const sortOf = (text: string) => sorter.sortOf(keyOf(text));
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
  expect(sortOf("104.16.0.1")).toMatchObject({ kind: "public", family: "4", provider: "cloudflare" });
});
