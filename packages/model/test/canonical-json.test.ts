import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../src/canonical-json.ts";

const cases = [
  { value: { b: [2, { d: null, c: "é" }], a: undefined }, text: '{"b":[2,{"c":"é","d":null}]}' },
  { value: { "\u{1f600}": 1, "\ufb33": 2, B: 3, a: 4 }, text: '{"B":3,"a":4,"\u{1f600}":1,"\ufb33":2}' }, // code units, not code points
  // a field that would be lost where it sets an object's prototype: then a signature would not be over it
  { value: JSON.parse('{"b":1,"__proto__":{"a":2}}'), text: '{"__proto__":{"a":2},"b":1}' },
  { value: [undefined, {}, []], text: "[null,{},[]]" },
];

test.each(cases)("$text", ({ value, text }) => {
  expect(canonicalJson(value)).toBe(text);
});

test("the text says all of a value, whatever the order of its fields", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
    }),
  );
});

function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, reversed(inner)] as const)
      .reverse(),
  );
}
