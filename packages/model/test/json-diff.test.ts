import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffJson, type JsonChange } from "../src/json-diff.ts";

test.each([
  { before: {}, after: {}, says: [] },
  { before: { a: 1, b: { c: 2 } }, after: { a: 1, b: { c: 3 } }, says: ["changed /b/c 2 -> 3"] },
  { before: { a: 1 }, after: { b: 1 }, says: ["removed /a 1 -> ", "added /b  -> 1"] },
  { before: undefined, after: { a: 1 }, says: ['added   -> {"a":1}'] },
  { before: { a: null }, after: { a: 0 }, says: ["changed /a null -> 0"] },
  { before: { "a/b~": 1 }, after: {}, says: ["removed /a~1b~0 1 -> "] }, // RFC 6901 §3
  { before: { l: ["x", "y"] }, after: { l: ["y", "z"] }, says: ['removed /l/- "x" -> ', 'added /l/-  -> "z"'] },
  { before: { l: ["x", "y"] }, after: { l: ["y", "x"] }, says: ['changed /l ["x","y"] -> ["y","x"]'] },
  { before: { l: ["x", "x"] }, after: { l: ["x"] }, says: ['changed /l ["x","x"] -> ["x"]'] },
  {
    before: { l: [{ name: "p", v: 1 }, { name: "q" }] },
    after: { l: [{ name: "r" }, { name: "p", v: 2 }] },
    says: ["changed /l/p/v 1 -> 2", 'removed /l/q {"name":"q"} -> ', 'added /l/r  -> {"name":"r"}'],
  },
  {
    before: { l: [{ name: "p" }, { name: "q" }] },
    after: { l: [{ name: "q" }, { name: "p" }] },
    says: ['changed /l ["p","q"] -> ["q","p"]'],
  },
  // two of one name: which is which cannot be known
  { before: { l: [{ name: "p" }, { name: "p" }] }, after: { l: [] }, says: ['changed /l [{"name":"p"},{"name":"p"}] -> []'] },
  { before: { l: [{ a: 1 }] }, after: { l: [{ a: 2 }] }, says: ['changed /l [{"a":1}] -> [{"a":2}]'] },
])("from $before to $after", ({ before, after, says }) => {
  expect(diffJson(before, after).map(line)).toEqual(says);
});

function line({ kind, pointer, before, after }: JsonChange): string {
  return `${kind} ${pointer} ${JSON.stringify(before) ?? ""} -> ${JSON.stringify(after) ?? ""}`;
}

test("two values have no difference exactly when they are equal, and it reads the same from the other side", () => {
  const small = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(small, small, (left, right) => {
      const [there, back] = [diffJson(left, right), diffJson(right, left)];
      expect(there.length === 0).toBe(isDeepStrictEqual(left, right));
      expect(there).toHaveLength(back.length);
      expect(diffJson(left, structuredClone(left))).toEqual([]);
    }),
  );
});
