import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../bench/dist/main.js", import.meta.url));

function bench(...words: readonly string[]) {
  return spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
}

type Report = {
  readonly bench: string;
  readonly node: string;
  readonly rows: readonly { readonly case: string; readonly subject: string; readonly value: number; readonly unit: string }[];
  readonly ratios: readonly { readonly case: string; readonly against: string; readonly ratio: number }[];
};

const benches = [
  { name: "resolve", shows: "3hop-v4-10cidrs", against: "proxy-addr" },
  { name: "match", shows: "member-v6-10000", against: "net.BlockList" },
];

test.each(benches)("$name measures every subject of every case in one run", ({ name, shows, against }) => {
  const { stdout, status } = bench(name, "--json", "--quick");
  expect(status).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ bench: name, node: process.version });
  for (const row of report.rows) expect(row).toMatchObject({ value: expect.any(Number), unit: "ns" });
  for (const caseName of new Set(report.rows.map((row) => row.case))) {
    const subjects = report.rows.filter((row) => row.case === caseName).map((row) => row.subject);
    expect(subjects).toEqual(expect.arrayContaining(["floor", "wherefrom"]));
  }
  expect(report.rows.map((row) => row.case)).toContain(shows);
  expect(report.ratios).toContainEqual({ case: shows, against, ratio: expect.any(Number) });
});

test("a bench that there is not is a fault of usage", () => {
  expect(bench("nothing")).toMatchObject({ status: 2, stderr: "Usage: npm run bench -- resolve|match [--json] [--quick]\n" });
});
