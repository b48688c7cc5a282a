import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closingLine, exitCodeOf } from "../closing-line.mjs";

const lines = [
  { counts: { passed: 3, failed: 0, skipped: 0 }, runnerCode: 0, line: "3 passed, 0 failed", code: 0 },
  { counts: { passed: 3, failed: 0, skipped: 2 }, runnerCode: 0, line: "3 passed, 0 failed, 2 skipped", code: 0 },
  { counts: { passed: 3, failed: 1, skipped: 0 }, runnerCode: 0, line: "3 passed, 1 failed", code: 1 },
  { counts: { passed: 0, failed: 0, skipped: 0 }, runnerCode: 0, line: "0 passed, 0 failed", code: 1 },
  { counts: { passed: 0, failed: 0, skipped: 4 }, runnerCode: 0, line: "0 passed, 0 failed, 4 skipped", code: 1 },
  { counts: { passed: 3, failed: 0, skipped: 0 }, runnerCode: 7, line: "3 passed, 0 failed", code: 7 },
];

test.each(lines)(
  "a run of $counts whose runner ends with $runnerCode closes with «$line», exit code $code",
  ({ counts, runnerCode, line, code }) => {
    expect(closingLine(counts)).toBe(line);
    expect(exitCodeOf(counts, runnerCode)).toBe(code);
  },
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "closing-line-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const runs = [
  { says: "a test that passes", code: 'test("a", () => {});', counts: { passed: 1, failed: 0, skipped: 0 } },
  { says: "a test that fails", code: 'test("a", () => { throw new Error("a"); });', counts: { passed: 0, failed: 1, skipped: 0 } },
  {
    says: "a test for another machine",
    code: 'test("a", () => {}); test.runIf(false)("b", () => {});',
    counts: { passed: 1, failed: 0, skipped: 1 },
  },
  { says: "a file that cannot be loaded", code: 'throw new Error("a");', counts: { passed: 0, failed: 1, skipped: 0 } },
  { says: "a file without a test", code: "", counts: { passed: 0, failed: 1, skipped: 0 } },
  {
    says: "a suite whose preparation fails",
    code: 'describe("a", () => { beforeAll(() => { throw new Error("a"); }); test("b", () => {}); });',
    counts: { passed: 0, failed: 1, skipped: 1 },
  },
  {
    says: "an error outside of any test",
    code: 'test("a", async () => { void Promise.reject(new Error("a")); await new Promise((done) => setImmediate(done)); });',
    counts: { passed: 1, failed: 1, skipped: 0 },
  },
];

test.each(runs)("$says is counted", ({ code, counts }) => {
  const countsPath = join(folder, "counts.json");
  writeFileSync(join(folder, "a.test.mjs"), code);
  const vitest = resolve("node_modules/vitest/vitest.mjs");
  const reporter = resolve("tools/closing-line-reporter.ts");
  const run = spawnSync(process.execPath, [vitest, "run", "--globals", "--root", folder, `--reporter=${reporter}`], {
    encoding: "utf8",
    env: { ...process.env, CLOSING_LINE_FILE: countsPath },
  });
  expect(JSON.parse(readFileSync(countsPath, "utf8"))).toEqual(counts);
  expect(run.status === 0).toBe(counts.failed === 0);
});
