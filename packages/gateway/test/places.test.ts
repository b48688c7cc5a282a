import fc from "fast-check";
import { expect, test } from "vitest";
import { Places } from "../src/places.ts";

test("holds what has come and not gone, whatever the order, and says whether something was there", () => {
  const step = fc.record({ isAdd: fc.boolean(), pick: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const places = new Places<{ place: number }>();
      const gone: { place: number }[] = [];
      const there = new Set<{ place: number }>();
      for (const { isAdd, pick } of steps) {
        const thing = isAdd ? { place: -1 } : ([...there, ...gone][pick % (there.size + gone.length)] ?? { place: -1 });
        if (isAdd) {
          places.add(thing);
          there.add(thing);
          continue;
        }
        expect(places.delete(thing)).toBe(there.delete(thing));
        gone.push(thing);
      }
      expect(places.size).toBe(there.size);
      expect(new Set(places).size).toBe(there.size);
      expect([...places].filter((thing) => !there.has(thing))).toEqual([]);
    }),
  );
});

test("is gone through as it is when that begins", () => {
  const places = new Places<{ place: number }>();
  const things = [0, 1, 2].map(() => ({ place: -1 }));
  for (const thing of things) places.add(thing);
  const seen = [];
  for (const thing of places) {
    seen.push(thing);
    places.delete(thing);
  }
  expect(seen).toEqual(things);
  expect(places.size).toBe(0);
});
