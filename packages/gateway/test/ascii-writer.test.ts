import fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "../src/access-log/printable.ts";
import { AsciiWriter } from "../src/record/ascii-writer.ts";

/** What is written behind something that stands there already. */
function written(write: (writer: AsciiWriter) => void): string {
  const bytes = Buffer.alloc(20_000);
  const writer = new AsciiWriter(bytes, 7);
  write(writer);
  expect(bytes.subarray(0, 7)).toEqual(Buffer.alloc(7));
  expect(bytes.subarray(writer.at).every((byte) => byte === 0)).toBe(true);
  const text = bytes.toString("latin1", 7, writer.at);
  expect(text).toMatch(/^[\x20-\x7e]*$/);
  return text;
}

/** Every UTF-16 unit, lone surrogates and control characters among them. */
const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 200 }));

test("a text that is to be exact is read back by JSON as it was", () => {
  fc.assert(fc.property(anyText, (text) => void expect(JSON.parse(`"${written((writer) => writer.exact(text))}"`)).toBe(text)));
});

test("a text that is to be shown is what the access log shows of it", () => {
  const cut = fc.record({ text: anyText, end: fc.nat(200), maxLength: fc.integer({ min: 1, max: 100 }) });
  fc.assert(
    fc.property(cut, ({ text, end: wanted, maxLength }) => {
      const end = Math.min(wanted, text.length);
      const json = written((writer) => writer.printable(text, { maxLength, end }));
      expect(JSON.parse(`"${json}"`)).toBe(printable(text.slice(0, end), maxLength));
    }),
  );
});

test("whole numbers are written as JavaScript does", () => {
  const edges = [
    0,
    9,
    10,
    99,
    100,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 31 + 1,
    999_999_999,
    1_000_000_000,
    1_764_000_000_123,
    Number.MAX_SAFE_INTEGER,
  ];
  for (const value of edges) expect(written((writer) => writer.integer(value))).toBe(String(value));
  fc.assert(fc.property(fc.maxSafeNat(), (value) => void expect(written((writer) => writer.integer(value))).toBe(String(value))));
});

test("other numbers are rounded to thousandths", () => {
  const some = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }));
  fc.assert(
    fc.property(
      some,
      (value) => void expect(JSON.parse(written((writer) => writer.thousandths(value)))).toBe(Math.round(value * 1_000) / 1_000),
    ),
  );
});
