import fc from "fast-check";
import { expect, test } from "vitest";
import { knownNames } from "../src/forward/known-names.ts";
import { nameText } from "../src/forward/name-text.ts";

const decide = (name: string): boolean => name.startsWith("x-");

/** Few enough that names come back, many enough that some are forgotten, and some too long to be remembered. */
const spelling = fc.oneof(
  fc.constantFrom("X-Real-IP", "x-real-ip", "Accept", "ACCEPT", `X-${"a".repeat(100)}`),
  fc.integer({ min: 0, max: 2_000 }).map((number) => `${number % 2 === 0 ? "X-" : "Y-"}${number}`),
);

test("says of a name what was decided, in every spelling, however many names came before", () => {
  fc.assert(
    fc.property(fc.array(spelling, { minLength: 1_000, maxLength: 3_000 }), (spellings) => {
      const known = knownNames(decide);
      for (const name of spellings) expect(known(name)).toBe(decide(name.toLowerCase()));
    }),
    { numRuns: 5, seed: 20261125 },
  );
});

test("decides once about a name that comes again, and anew about one that is too long to keep", () => {
  const asked: string[] = [];
  const known = knownNames((name) => asked.push(name) > 0);
  const long = `x-${"a".repeat(100)}`;
  for (const name of ["Accept", "Accept", "accept", long, long]) known(name);
  expect(asked).toEqual(["accept", "accept", long, long]);
});

test("a name given as bytes is the same text, however many of its length came before", () => {
  const bytes = fc.oneof(
    fc.constantFrom("Date", "date", "DATE", "", "x".repeat(64), "x".repeat(65)).map((text) => Buffer.from(text)),
    fc.uint8Array({ minLength: 3, maxLength: 4 }).map((some) => Buffer.from(some)),
  );
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 200 }), (names) => {
      for (const name of names) expect(nameText(name)).toBe(name.toString("latin1"));
    }),
  );
});
