import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../fuzz/dist/fuzz/main.js", import.meta.url));

function fuzz(...words: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: "utf8" });
}

test("npm run fuzz -- --json stops when its time is over, and says what it reached", () => {
  const { status, stdout } = fuzz("--seconds", "0.2", "--target", "address", "--seed", "7239", "--json");
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.seed).toBe(7239);
  expect(report.targets).toHaveLength(1);
  expect(report.targets[0]).toMatchObject({ target: "address" });
  expect(report.targets[0].executions).toBeGreaterThan(0);
  expect(report.targets[0].coveredBranches).toBeGreaterThan(100);
});

test.each([["--target", "bodies"], ["--seconds", "soon"], ["--seconds", "0"], ["--seed", "x"], ["--forever"]])(
  "npm run fuzz -- %s is answered with its usage",
  (...words) => {
    const { status, stderr } = fuzz(...words);
    expect(status).toBe(2);
    expect(stderr).toContain("Usage: npm run fuzz");
  },
);
