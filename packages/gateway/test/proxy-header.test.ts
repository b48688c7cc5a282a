import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProxyHeader } from "../src/proxy-protocol/parse.ts";
import type { ProxyReading } from "../src/proxy-protocol/reading.ts";
import { readWholeConnection } from "./oracle/proxy-header.ts";
import { type ProxyCase, readProxyCases } from "./rig/proxy-cases.ts";

const limits = { maxProxyHeaderBytes: 4_096, maxProxyTlvs: 64 };
const cases = readProxyCases();

/** What a case expects, as the parser says it. */
function expected({ expect: what, bytes, rest }: ProxyCase): ProxyReading {
  const length = bytes.length - rest.length;
  switch (what.kind) {
    case "proxied":
      return { kind: "header", header: { isOverTls: false, ...what }, length };
    case "own":
    case "local":
      return { kind: "header", header: what, length };
    case "incomplete":
      return what;
    case "refused":
      return what as ProxyReading;
  }
}

/** What is found wrong with the cases, so that one test holds them all. */
function faults(judge: (row: ProxyCase) => string | undefined): readonly string[] {
  return cases.flatMap((row) => judge(row) ?? []);
}

test("the table has rows", () => {
  expect(cases.length).toBeGreaterThan(200);
});

test("each case is read as it says", () => {
  const found = faults((row) => {
    const reading = parseProxyHeader(row.bytes, limits);
    const wanted = expected(row);
    return isDeepStrictEqual(reading, wanted)
      ? undefined
      : `${row.name}: found ${JSON.stringify(reading)}, wanted ${JSON.stringify(wanted)}`;
  });
  expect(found).toEqual([]);
});

test("cut at any byte, a header is incomplete, and a refusal is that refusal", () => {
  const found = faults((row) => {
    const whole = parseProxyHeader(row.bytes, limits);
    const length = whole.kind === "header" ? whole.length : row.bytes.length;
    for (let cut = 0; cut < length; cut += 1) {
      const reading = parseProxyHeader(row.bytes.subarray(0, cut), limits);
      if (reading.kind === "incomplete" || (reading.kind === "refused" && whole.kind === "refused" && reading.reason === whole.reason))
        continue;
      return `${row.name}: cut at ${cut}: ${JSON.stringify(reading)}`;
    }
    return undefined;
  });
  expect(found).toEqual([]);
});

test("whatever stands behind a header is not read", () => {
  const found = faults((row) => {
    const whole = parseProxyHeader(row.bytes, limits);
    const longer = parseProxyHeader(Buffer.concat([row.bytes, Buffer.from("\r\n\0\xff", "latin1")]), limits);
    return whole.kind !== "header" || JSON.stringify(longer) === JSON.stringify(whole) ? undefined : row.name;
  });
  expect(found).toEqual([]);
});

describe("the parser and its oracle agree", () => {
  /** A connection that ends says no more, so what is incomplete counts as refused. */
  function agree(bytes: Buffer): void {
    const reading = parseProxyHeader(bytes, limits);
    const said =
      reading.kind !== "header"
        ? "refused"
        : reading.header.kind === "proxied"
          ? { peer: reading.header.peer, isOverTls: reading.header.isOverTls, length: reading.length }
          : { peer: reading.header.kind, isOverTls: false, length: reading.length };
    expect(said).toEqual(readWholeConnection(bytes));
  }

  test("on the corpus", () => {
    for (const { bytes } of cases) agree(bytes);
  });

  const good = cases.filter((row) => row.expect.kind !== "refused" && row.expect.kind !== "incomplete").map((row) => row.bytes);
  // Anywhere: a double is nearly always next to 0.
  const place = fc.noBias(fc.nat(10_000)).map((parts) => parts / 10_001);
  const edit = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), at: place, byte: fc.nat(255) }),
    fc.record({ kind: fc.constant("drop" as const), at: place, byte: fc.nat(255) }),
    fc.record({ kind: fc.constant("insert" as const), at: place, byte: fc.nat(255) }),
  );

  test("on headers with some bytes changed, dropped and added", () => {
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.array(edit, { maxLength: 4 }), (bytes, edits) => {
        const edited = [...bytes];
        for (const { kind, at, byte } of edits) {
          const index = Math.floor(at * edited.length);
          edited.splice(index, kind === "insert" ? 0 : 1, ...(kind === "drop" ? [] : [byte]));
        }
        agree(Buffer.from(edited));
      }),
      { numRuns: 3_000 },
    );
  });

  test("on lines of any words", () => {
    const word = fc.oneof(
      fc.constantFrom("TCP4", "TCP6", "UNKNOWN", "0", "65535", "65536", "01", "", "::", "0.0.0.0", "::ffff:192.0.2.1"),
      fc.ipV4(),
      fc.ipV6(),
      fc.nat(70_000).map(String),
      fc.string({ maxLength: 4 }),
    );
    const end = fc.constantFrom("\r\n", "\n", "\r", "");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), end, (words, ending) => {
        agree(Buffer.from(`PROXY ${words.join(" ")}${ending}`, "latin1"));
      }),
      { numRuns: 3_000 },
    );
  });

  test("on blocks of any additions, with a checksum that is right or not", () => {
    const addition = fc.record({
      type: fc.constantFrom(1, 2, 4, 5, 0x20, 0xee),
      value: fc.uint8Array({ maxLength: 12 }),
      slip: fc.constantFrom(0, 0, 0, 1, -1),
    });
    fc.assert(
      fc.property(fc.constantFrom(0x11, 0x21), fc.array(addition, { maxLength: 8 }), (family, additions) => {
        const width = family === 0x11 ? 12 : 36;
        const body = Buffer.concat([
          Buffer.alloc(width, 7),
          ...additions.flatMap(({ type, value, slip }) => [Buffer.from([type, 0, Math.max(0, value.length + slip)]), Buffer.from(value)]),
        ]);
        const head = Buffer.from([
          0x0d,
          0x0a,
          0x0d,
          0x0a,
          0,
          0x0d,
          0x0a,
          0x51,
          0x55,
          0x49,
          0x54,
          0x0a,
          0x21,
          family,
          body.length >> 8,
          body.length & 255,
        ]);
        agree(Buffer.concat([head, body]));
      }),
      { numRuns: 2_000 },
    );
  });
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom("", "PROXY ", "\r\n\r\n\0\r\nQUIT\n", "\r\n\r\n\0\r\nQUIT\n\x21\x11"),
      (bytes, start) => {
        expect(["header", "incomplete", "refused"]).toContain(
          parseProxyHeader(Buffer.concat([Buffer.from(start, "latin1"), bytes]), limits).kind,
        );
      },
    ),
  );
});
