import fc from "fast-check";
import { expect, test } from "vitest";
import { combinedWriter } from "../src/access-log/combined-line.ts";
import { formatMs } from "../src/access-log/duration.ts";
import { jsonWriter } from "../src/access-log/json-line.ts";
import { maxLineBytes } from "../src/access-log/log-file.ts";
import { maxFieldLength, printable } from "../src/access-log/printable.ts";
import { AsciiWriter } from "../src/record/ascii-writer.ts";
import type { EndedExchange } from "../src/record/record-queue.ts";

/** Few values of each, so that entries often have something in common with the one before. */
const resolution = fc.record({
  ip: fc.constantFrom("192.0.2.1", "2001:db8::1", null),
  port: fc.constantFrom(undefined, 4711),
  trust: fc.constantFrom("verified", "unverified"),
  outcome: fc.constantFrom("resolved", "fallback"),
  reason: fc.constantFrom(undefined, "hop-not-an-address"),
  algorithm: fc.constantFrom("one", "o\\x22ther"),
  key: fc.constantFrom("192.0.2.1", null),
});
const record = fc.record({
  resolution: fc.option(resolution, { nil: undefined }),
  route: fc.constantFrom(undefined, "shop", "api"),
  attempts: fc.constantFrom(0, 1, 2),
  revision: fc.constantFrom(7, 8),
  httpVersion: fc.constant("1.1"),
  isComplete: fc.boolean(),
  durationMs: fc.constantFrom(0, 1.25, 17),
  requestBytes: fc.constant(0),
  responseBytes: fc.constantFrom(0, 100),
  status: fc.constantFrom(undefined, 200, 502),
  fault: fc.constantFrom(undefined, "UPSTREAM_BROKEN"),
  method: fc.constantFrom("GET", "POST"),
  host: fc.constantFrom(undefined, "a.example", "b.example"),
  peer: fc.constantFrom(undefined, "192.0.2.7"),
  pathAndQuery: fc.constantFrom(undefined, "/"),
  requestTarget: fc.constant("*"),
  target: fc.constantFrom(undefined, "http://192.0.2.8", "http://192.0.2.9"),
  fields: fc.constantFrom<string[]>([], ["User-Agent", "one"], ["USER-AGENT", "two", "Referer", "three", "user-agent", "four"]),
});
const logged = fc.record({
  record,
  beganAtMs: fc.integer({ min: 1_764_000_000_000, max: 1_764_000_002_000 }),
}) as unknown as fc.Arbitrary<EndedExchange>;

function write(exchanges: readonly EndedExchange[]): string[] {
  const writeExchange = jsonWriter("edge-1");
  return exchanges.map((exchange) => {
    const line = new AsciiWriter(Buffer.alloc(maxLineBytes));
    writeExchange(exchange, line);
    return line.bytes.toString("latin1", 0, line.at);
  });
}

test("a line is the same whatever stood in the lines before", () => {
  fc.assert(
    fc.property(fc.array(logged, { maxLength: 12 }), (exchanges) => {
      expect(write(exchanges)).toEqual(exchanges.flatMap((one) => write([one])));
    }),
  );
});

const hostile = ["\u0000", "\\", '"', "\uffff", "\ud800"];

test.each(hostile)("no line of the worst texts is longer than it may be, in either format, and each is one line of ASCII: %j", (unit) => {
  const text = unit.repeat(6_000);
  const fields = ["User-Agent", text, "Referer", text];
  const resolution = { ip: "192.0.2.1", trust: "verified", outcome: "resolved", algorithm: text, key: "192.0.2.1" };
  const given = { resolution, responseBytes: 1, requestBytes: 1, durationMs: 1 };
  const worst = { ...given, fields, method: text, host: text, peer: text, target: text, pathAndQuery: text, httpVersion: "1.1" };
  const shown = printable(text, maxFieldLength);
  for (const writer of [jsonWriter(shown), combinedWriter(shown)]) {
    const line = new AsciiWriter(Buffer.alloc(2 * maxLineBytes));
    writer({ record: worst, beganAtMs: 1_764_000_000_000 } as unknown as EndedExchange, line);
    expect(line.at).toBeLessThan(maxLineBytes);
    expect(line.bytes.toString("latin1", 0, line.at)).toMatch(/^[\x20-\x7e]+\n$/);
  }
});

test("a duration is what JSON writes of it, to the microsecond", () => {
  const duration = fc.oneof(
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    fc.nat(5_000).map((micros) => micros / 1_000),
  );
  fc.assert(
    fc.property(duration, (ms) => {
      expect(formatMs(ms)).toBe(JSON.stringify(Math.round(ms * 1_000) / 1_000));
    }),
  );
});
