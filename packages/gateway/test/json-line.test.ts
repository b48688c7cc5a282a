import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMs } from "../src/access-log/duration.ts";
import { jsonWriter } from "../src/access-log/json-line.ts";
import type { LogEntry } from "../src/access-log/log-entry.ts";

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
});
const entry = fc.record({
  record,
  timeMs: fc.integer({ min: 1_764_000_000_000, max: 1_764_000_002_000 }),
  method: fc.constant("GET"),
  path: fc.constant("/"),
  target: fc.constantFrom(undefined, "http://192.0.2.8", "http://192.0.2.9"),
}) as unknown as fc.Arbitrary<LogEntry>;

function write(entries: readonly LogEntry[]): string[] {
  const lines: string[] = [];
  const writeEntry = jsonWriter("edge-1", (line) => lines.push(line));
  for (const one of entries) writeEntry(one);
  return lines;
}

test("a line is the same whatever stood in the lines before", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      expect(write(entries)).toEqual(entries.flatMap((one) => write([one])));
    }),
  );
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
