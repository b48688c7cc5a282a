import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createResolver, evidenceOfFields, PROVIDERS, parsePolicy } from "wherefrom";
import { createLineSplitter } from "../src/line-splitter.ts";
import type { Output } from "../src/output.ts";
import { createProgress } from "../src/progress.ts";
import { resolutionJson, resolutionLine } from "../src/resolution-json.ts";
import { resolveLines } from "../src/resolve-lines.ts";

const LINES = 100_000;
const CHUNK_BYTES = 10_007; // a prime, so that chunks end anywhere in a line

function addressOf(line: number): string {
  return `192.${line >> 16}.${(line >> 8) & 255}.${line & 255}`;
}

test("100,000 lines in odd chunks come out in order, each written before the next chunk is asked for", async () => {
  const text = Buffer.from(Array.from({ length: LINES }, (_, line) => `{"peer":"${addressOf(line)}","headers":[]}\n`).join(""));
  let isWriting = false;
  let largestWrite = 0;
  const written: string[] = [];
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < text.length; at += CHUNK_BYTES) {
      expect(isWriting).toBe(false);
      yield text.subarray(at, at + CHUNK_BYTES);
    }
  }
  const output: Output = {
    isClosed: () => false,
    finish: async () => undefined,
    async write(part) {
      isWriting = true;
      await nextTurn();
      largestWrite = Math.max(largestWrite, part.length);
      written.push(part);
      isWriting = false;
    },
  };
  const result = await resolveLines({
    input: chunks(),
    output,
    policy: parsePolicy({}),
    providers: PROVIDERS,
    isExplaining: false,
    progress: undefined,
  });
  expect(result).toMatchObject({ lines: LINES, failed: 0 });
  const answers = written.join("").trimEnd().split("\n");
  expect(answers).toHaveLength(LINES);
  expect(answers.findIndex((answer, line) => JSON.parse(answer).ip !== addressOf(line))).toBe(-1);
  expect(largestWrite).toBeLessThan(CHUNK_BYTES * 10);
});

const splits = [
  { given: ["a\nb\n"], lines: ["a", "b"] },
  { given: ["a\nb"], lines: ["a", "b"] },
  { given: ["a", "b", "\n", "c"], lines: ["ab", "c"] },
  { given: ["\n\n"], lines: ["", ""] },
  { given: ["12345678\nx"], lines: ["12345678", "x"] },
  { given: ["123456789\nx"], lines: [undefined, "x"] },
  { given: ["12345", "6789", "0\nx\n"], lines: [undefined, "x"] },
  { given: ["1234", "56789"], lines: [undefined] },
  { given: [], lines: [] },
];

test.each(splits)("$given is split into $lines, at most 8 bytes a line", ({ given, lines }) => {
  const seen: (string | undefined)[] = [];
  const splitter = createLineSplitter({ maxLineBytes: 8, onLine: (line) => seen.push(line) });
  for (const chunk of given) splitter.push(Buffer.from(chunk));
  splitter.end();
  expect(seen).toEqual(lines);
});

const rejecting = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 3 }, fallback: "REJECT" };
const resolutions = [
  { of: "an address", policy: {}, peer: "192.0.2.1", chain: "198.51.100.7" },
  { of: "an address with a port", policy: {}, peer: "192.0.2.1", chain: "[2001:db8::7]:443" },
  { of: "a fallback", policy: { ...rejecting, fallback: "PEER" }, peer: "192.0.2.1", chain: "x" },
  { of: "a rejection", policy: rejecting, peer: undefined, chain: "x" },
];

test.each(resolutions)("the line of $of says the same as its object", ({ policy, peer, chain }) => {
  const resolution = createResolver(parsePolicy(policy)).resolve(evidenceOfFields(peer, [["X-Forwarded-For", chain]]));
  expect(JSON.parse(resolutionLine(resolution))).toEqual(resolutionJson(resolution));
});

test("progress shows nothing for 2 seconds, then lines, rate and time left", () => {
  let nowMs = 0;
  let shown = "";
  const progress = createProgress({ write: (text) => (shown += text), now: () => nowMs, totalBytes: 4_000 });
  nowMs = 1_999;
  progress.report({ lines: 1_000, bytes: 500 });
  expect(shown).toBe("");
  nowMs = 2_000;
  progress.report({ lines: 2_000, bytes: 1_000 });
  expect(shown).toContain("2,000 lines, 1,000 lines/s, 25 %, 6 s left");
});
