import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { PROVIDERS } from "wherefrom";
import { runScan } from "../../dist/access-log/scan/run-scan.js";
import { chooseFormat, parseLogFormat } from "../../src/access-log/format/choose-format.ts";
import type { LogFormat } from "../../src/access-log/format/log-format.ts";
import { subjectsFor } from "../../src/access-log/judge/subjects.ts";
import { LOG_LIMITS } from "../../src/access-log/limits.ts";
import { LineCutter } from "../../src/access-log/read/line-cutter.ts";
import { openLogs } from "../../src/access-log/scan/open-logs.ts";
import type { LogUnit, ScanPlan } from "../../src/access-log/scan/scan-plan.ts";
import { scanStream } from "../../src/access-log/scan/scan-stream.ts";
import { createScan, scanUnits } from "../../src/access-log/scan/scan-units.ts";
import { commonest } from "../../src/access-log/tally/frequent.ts";
import type { LogTally } from "../../src/access-log/tally/log-tally.ts";
import { createTraffic, mergeTraffic } from "../../src/access-log/tally/traffic.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-logs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
const format: LogFormat = { kind: "text", name: "it", layout: parseLogFormat(FORMAT) };
const plan: ScanPlan = {
  subjects: subjectsFor({ policy: { peerAddressAlgorithm: {} }, chainHeader: "x-forwarded-for", trusted: ["10.0.0.0/8"], depth: 2 }),
  providers: PROVIDERS,
  chainHeader: "x-forwarded-for",
};
const watch = { isStopped: () => false, onProgress: () => undefined };

/** What counting comes to, in an order that does not depend on who counted. */
function sumOf({ cells, lines, malformed, tooLong, bytes, cutOff, websockets, samples }: LogTally) {
  const traffic = createTraffic();
  for (const cell of cells) mergeTraffic(traffic, cell.traffic);
  const subjects = cells.map((cell) =>
    cell.subjects.map(({ addresses, distinct: _, ...figures }) => ({ ...figures, addresses: commonest(addresses, 100) })),
  );
  return { lines, malformed, tooLong, bytes, cutOff, websockets, samples, traffic, subjects };
}

function scan(bytes: Buffer, chunkBytes: number): Promise<LogTally> {
  const scanning = createScan(plan, watch);
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
  return scanning.stream(pieces(), { index: 0, format }).then(() => scanning.finish());
}

/** A slow and obvious second reader: a line is what a pattern says. */
function oracle(bytes: Buffer) {
  const pattern =
    /^(.*?) - .*? \[(\d\d\/Nov\/2026:\d\d:\d\d:\d\d \+0000)\] "((?:[^"\\]|\\.)*)" (\d{1,3}|-) (\S*) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/s;
  const texts = bytes
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line !== "");
  const matches = texts.map((text) => pattern.exec(text));
  const peers = new Map<string, number>();
  for (const match of matches) if (match !== null) peers.set(match[1] ?? "", (peers.get(match[1] ?? "") ?? 0) + 1);
  return {
    lines: texts.length,
    malformed: matches.filter((match) => match === null).length,
    websockets: matches.filter((match) => match?.[4] === "101").length,
    peers,
  };
}

const value = fc.oneof(
  fc.constantFrom("-", "", "curl/8", "\\x22\\x5C", "203.0.113.7, 10.0.0.1", "a]b", " [", '] "'.replace('"', "\\x22")),
  fc
    .string({ maxLength: 30 })
    .map((text) => text.replaceAll(/["\\\r\n]/g, (found) => `\\x${found.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`)),
);
const goodLine = fc
  .tuple(fc.constantFrom("10.0.0.1", "2001:db8::1", "192.0.2.7"), value, fc.constantFrom("200", "101", "-", "404"), value, value, value)
  .map(
    ([peer, request, status, referer, agent, chain]) =>
      `${peer} - - [25/Nov/2026:09:50:0${status.length} +0000] "${request}" ${status} 17 "${referer}" "${agent}" "${chain}"`,
  );
const lineBytes = fc.oneof(
  { weight: 6, arbitrary: goodLine.map((line) => Buffer.from(line, "utf8")) },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 || byte === 13 ? 0xff : byte)))),
  },
  { weight: 1, arbitrary: fc.tuple(goodLine, fc.nat(120)).map(([line, at]) => Buffer.from(line.slice(0, at))) },
);
const logBytes = fc
  .tuple(fc.array(fc.tuple(lineBytes, fc.constantFrom("\n", "\r\n", "\n\n")), { maxLength: 12 }), fc.boolean())
  .map(([lines, hasEnd]) => {
    const whole = Buffer.concat(lines.flatMap(([line, end]) => [line, Buffer.from(end)]));
    return hasEnd || whole.length === 0 ? whole : whole.subarray(0, whole.lastIndexOf(10));
  });

describe("lines", () => {
  test("are counted as the oracle counts them, however the bytes come in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(logBytes, fc.integer({ min: 1, max: 300 }), async (bytes, chunkBytes) => {
        const expected = oracle(bytes);
        const tally = await scan(bytes, chunkBytes);
        const { lines, malformed, websockets } = sumOf(tally);
        const peers = new Map<string, number>();
        for (const cell of tally.cells)
          for (const { text, count } of commonest(cell.subjects[1]?.addresses ?? { counts: new Map(), error: 0 }, 9))
            peers.set(text, (peers.get(text) ?? 0) + count);
        expect({ lines, malformed, websockets, peers }).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("come out alike whatever bytes they are cut at", () => {
    const text = Buffer.from("one\r\ntwo\n\nthree\r\r\nfour");
    for (let cut = 0; cut <= text.length; cut++) {
      const lines: string[] = [];
      const cutter = new LineCutter(
        {
          maxLineBytes: 100,
          until: Number.POSITIVE_INFINITY,
          onTooLong: () => undefined,
          onLine: (bytes, { start, end, offset }) => lines.push(`${offset} ${bytes.toString("latin1", start, end)}`),
        },
        { offset: 0, dropsFirst: false },
      );
      for (const piece of [text.subarray(0, cut), text.subarray(cut)]) cutter.push(piece);
      cutter.end();
      expect(lines).toEqual(["0 one", "5 two", "10 three\r", "18 four"]);
    }
  });

  test("that are too long are counted and passed over, in one piece or many", async () => {
    const good = `10.0.0.1 - - [25/Nov/2026:09:50:08 +0000] "GET / HTTP/1.1" 200 17 "-" "-" "-"\n`;
    const bytes = Buffer.concat([Buffer.from(good), Buffer.alloc(LOG_LIMITS.maxLineBytes + 1, 0x61), Buffer.from(`\n${good}`)]);
    for (const chunkBytes of [bytes.length, 65_536]) {
      expect(sumOf(await scan(bytes, chunkBytes))).toMatchObject({
        lines: 3,
        malformed: 0,
        tooLong: 1,
        samples: [{ file: 0, offset: good.length, text: "" }],
      });
    }
  });
});

describe("a file", () => {
  const lines = Array.from(
    { length: 60 },
    (_, at) =>
      `10.0.0.${at % 3} - - [25/Nov/2026:09:50:08 +0000] "GET /${"x".repeat(at)} HTTP/1.1" ${at % 7 === 0 ? 101 : 200} 17 "-" "-" "203.0.113.${at % 11}, 10.0.0.9"${at % 13 === 0 ? " more" : ""}`,
  );
  const bytes = Buffer.from(`\ufeff${lines.join("\r\n")}`);
  const path = join(folder, "access.log");
  writeFileSync(path, bytes);
  const unit = (start: number, end: number): LogUnit => ({ index: 0, path, format, content: { kind: "range", start, end } });
  const scanned = (units: readonly LogUnit[]) => {
    const left = units.values();
    return scanUnits(() => left.next().value, { plan, watch });
  };

  test("gives the same counts in one part and in two, wherever it is divided", async () => {
    const whole = sumOf(await scanned([unit(0, Number.POSITIVE_INFINITY)]));
    expect(whole).toMatchObject({ lines: 60, malformed: 5, bytes: bytes.length });
    // at the ends of lines and near them; the cutter is held to every other place above
    const ends = [...bytes.entries()].flatMap(([at, byte]) => (byte === 10 && at % 3 === 0 ? [at - 1, at, at + 1, at + 2] : []));
    for (const cut of [1, 2, 3, 4, ...ends, bytes.length - 1]) {
      expect({ cut, sum: sumOf(await scanned([unit(0, cut), unit(cut, Number.POSITIVE_INFINITY)])) }).toEqual({ cut, sum: whole });
    }
  });

  test("gives the same counts on one thread and on several", async () => {
    const units = Array.from({ length: 9 }, (_, at) => unit(at * 700, at === 8 ? Number.POSITIVE_INFINITY : (at + 1) * 700));
    const run = (workers: number) => runScan({ plan, units, workers, signal: new AbortController().signal, onProgress: () => undefined });
    const [one, three] = await Promise.all([run(1), run(3)]);
    expect(sumOf(three)).toEqual(sumOf(one));
    for (const [cell, { subjects }] of one.cells.entries())
      for (const [subject, { distinct }] of subjects.entries()) expect(three.cells[cell]?.subjects[subject]?.distinct).toEqual(distinct);
  });

  test("says the same when it is gzipped, also in several members, and one that is cut off says what it has", async () => {
    const whole = sumOf(await scanned([unit(0, Number.POSITIVE_INFINITY)]));
    const packed = Buffer.concat([gzipSync(bytes.subarray(0, 1_000)), gzipSync(bytes.subarray(1_000))]);
    writeFileSync(join(folder, "whole.gz"), packed);
    writeFileSync(join(folder, "cut.gz"), packed.subarray(0, packed.length - 30));
    const read = async (name: string) => {
      const [log] = await openLogs([join(folder, name)], { mappings: [], policyHeaders: new Set(), format: FORMAT });
      return sumOf(await scanned(log?.units ?? []));
    };
    expect(await read("whole.gz")).toEqual({
      ...whole,
      bytes: packed.length,
      samples: whole.samples.map(({ offset, ...sample }) => ({ ...sample, offset: offset - 3 })),
    });
    const cut = await read("cut.gz");
    expect(cut.lines).toBeGreaterThan(10);
    expect([whole.cutOff, cut.cutOff]).toEqual([0, 1]);
    const stream = async function* () {
      yield packed.subarray(0, packed.length - 30);
    };
    const formats = { mappings: [], policyHeaders: new Set<string>(), format: FORMAT };
    const streamed = await scanStream(stream(), { name: "-", formats, planFor: () => plan, watch });
    expect({ ...sumOf(streamed.tally), bytes: 0 }).toEqual({ ...cut, bytes: 0 });
  });

  test("that is spoilt is named, whichever thread reads it", async () => {
    const paths = [join(folder, "spoilt-1.gz"), join(folder, "spoilt-2.gz")];
    for (const each of paths) writeFileSync(each, Buffer.concat([gzipSync(bytes).subarray(0, 100), Buffer.alloc(100, 0xff)]));
    const units = paths.map((each, index): LogUnit => ({ index, path: each, format, content: { kind: "gzip" } }));
    for (const workers of [1, 2]) {
      const run = runScan({ plan, units, workers, signal: new AbortController().signal, onProgress: () => undefined });
      await expect(run).rejects.toMatchObject({
        name: "LogError",
        code: "LOGS_UNREADABLE",
        message: expect.stringMatching(/^Cannot read \S+spoilt-[12]\.gz: /),
      });
    }
  });

  test("gives the same counts where a line is longer than many parts, and the parts within it look for no end of it", async () => {
    const long = join(folder, "long.log");
    const text = `${lines[1]}\n${"\0".repeat(40_000)}${lines[2]}\n${lines[3]}`;
    writeFileSync(long, text);
    const part = (start: number, end: number): LogUnit => ({ ...unit(start, end), path: long });
    const parts = Array.from({ length: 60 }, (_, at) => part(at * 700, at === 59 ? Number.POSITIVE_INFINITY : (at + 1) * 700));
    const [whole, divided] = await Promise.all([scanned([part(0, Number.POSITIVE_INFINITY)]), scanned(parts)]);
    expect(sumOf(divided)).toEqual(sumOf(whole));
    expect(sumOf(whole)).toMatchObject({ lines: 3, tooLong: 0, bytes: text.length });
    const cutter = new LineCutter(
      { maxLineBytes: 100, until: 700, onLine: () => undefined, onTooLong: () => undefined },
      { offset: 0, dropsFirst: true },
    );
    cutter.push(Buffer.alloc(699));
    expect(cutter.isDone).toBe(false);
    cutter.push(Buffer.alloc(1));
    expect(cutter.isDone).toBe(true);
  });

  test("is read no further when it is stopped", async () => {
    const left = [unit(0, 200), unit(200, Number.POSITIVE_INFINITY)].values();
    let isStopped = false;
    const tally = await scanUnits(() => left.next().value, {
      plan,
      watch: {
        isStopped: () => isStopped,
        onProgress: () => {
          isStopped = true;
        },
      },
    });
    expect(tally.lines).toBe(1);
  });
});

test("a format is told by whole lines of the beginning only", () => {
  const line = Buffer.from(`10.0.0.1 - - [25/Nov/2026:09:50:08 +0000] "GET / HTTP/1.1" 200 17 "-" "-" "-"\n`);
  const many = Buffer.concat(Array.from({ length: 4_000 }, () => line)).subarray(0, LOG_LIMITS.maxDetectBytes);
  expect(chooseFormat(many, { path: "a", mappings: [], policyHeaders: new Set() })).toMatchObject({
    lines: LOG_LIMITS.maxDetectLines,
    fits: LOG_LIMITS.maxDetectLines,
  });
});
