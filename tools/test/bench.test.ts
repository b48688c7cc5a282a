import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { medianInterval } from "../../bench/median.ts";
import { reportOf } from "../../bench/report.ts";
import { capability } from "../capabilities.mjs";

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

test("a run can be narrowed to cases and subjects, and a case without a subject is measured all the same", () => {
  const cases = ["3hop-v4-10cidrs", "index-2-of-3hop"];
  const { stdout } = bench("resolve", "--json", "--quick", "--case", cases.join(","), "--only", "proxy-addr");
  const { rows } = JSON.parse(stdout) as Report;
  expect(rows.map((row) => `${row.case} ${row.subject}`)).toEqual([
    "3hop-v4-10cidrs wherefrom",
    "3hop-v4-10cidrs proxy-addr",
    "index-2-of-3hop wherefrom",
  ]);
});

const traffic = [
  { name: "gateway", reference: "node:http + undici", unitOf: { "100B cpu": "µs", "10KB p99": "ms", "1MB rate": "req/s" } },
  { name: "websocket", reference: "manual splice", unitOf: { handshake: "µs", "handshake-paced": "µs", "round-trip": "µs", idle: "KB" } },
];

test.runIf(process.platform === "linux").each(traffic)(
  "$name drives real proxies, ours and the reference",
  ({ name, reference, unitOf }) => {
    const peers = capability("nginx") ? ["nginx", reference] : [reference];
    const { stdout, stderr, status } = bench(name, "--json", "--quick", "--only", peers.join(","));
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ bench: name, node: process.version });
    for (const [caseName, unit] of Object.entries(unitOf)) {
      for (const subject of [...peers, "wherefrom"]) {
        const row = report.rows.find((one) => one.case === caseName && one.subject === subject);
        expect({ caseName, subject, row }).toMatchObject({ row: { value: expect.any(Number), unit } });
        // so short a time may be within a tick of the processor's clock, and a hundred idle connections within what a process gives back meanwhile
        const isCompared = subject === reference && (row?.value ?? 0) > 0;
        if (isCompared) expect(report.ratios).toContainEqual({ case: caseName, against: reference, ratio: expect.any(Number) });
      }
    }
  },
);

test.runIf(process.platform === "linux")("publish changes a policy that real gateways follow, and none of its changes fails", () => {
  const { stdout, stderr, status } = bench("publish", "--json", "--quick");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { rows } = JSON.parse(stdout) as Report;
  expect(rows.map((row) => `${row.case}, ${row.unit}`)).toEqual([
    "answer-to-last-gateway p50, ms",
    "answer-to-last-gateway p99, ms",
    "call-to-answer p50, ms",
    "call-to-answer p99, ms",
    "changes made, changes",
    "changes faults, faults",
    "change-cpu control, ms",
    "change-cpu gateway, ms",
    "request-cpu elsewhere, µs",
    "request-cpu here, µs",
    "request-cpu load, % of a core",
    ...["more", "alike"].flatMap((name) => ["median", "from", "to"].map((what) => `${name} ${what}, %`)),
    ...["median", "from", "to"].map((what) => `change ${what}, ms`),
  ]);
  expect(rows.find((row) => row.case === "changes faults")?.value).toBe(0);
});

test("a figure that came out as nothing or less is compared with nothing", () => {
  const rowsOf = (subject: string, values: readonly number[]) =>
    values.map((value, at) => ({ case: `case-${at}`, subject, value, unit: "KB" }));
  const rows = [...rowsOf("wherefrom", [3, 3, 3, 3]), ...rowsOf("peer", [2, 0, -0.08])];
  expect(
    reportOf("websocket", rows, [
      ["case-3", "case-0"],
      ["case-3", "case-9"],
    ]).ratios,
  ).toEqual([
    { case: "case-0", against: "peer", ratio: 1.5 },
    { case: "case-3", against: "case-0", ratio: 1 },
  ]);
});

const intervals = [
  { values: [7], says: { median: 7, from: 7, to: 7 } },
  { values: [5, 1, 4, 2, 3], says: { median: 3, from: 1, to: 5 } }, // too few to be that sure: all of them
  { values: countTo(8), says: { median: 4.5, from: 1, to: 8 } },
  { values: countTo(9), says: { median: 5, from: 2, to: 8 } },
  { values: countTo(40), says: { median: 20.5, from: 14, to: 27 } },
  { values: [...countTo(39), 1e9], says: { median: 20.5, from: 14, to: 27 } }, // one that went wrong moves nothing
];

test.each(intervals)("the median of $values.length values lies where the tables of the sign test have it", ({ values, says }) => {
  expect(medianInterval(values)).toEqual(says);
});

function countTo(length: number): readonly number[] {
  return Array.from({ length }, (_, at) => at + 1);
}

test.runIf(process.platform === "linux")("logs reads a log beside awk, and says what memory it took", () => {
  const peers = capability("log-readers") ? ["mawk", "gawk", "goaccess"] : [];
  const cases = ["rate all-cores", "rate large-all-cores", "rate one-core", "memory file", "memory stream"];
  const { stdout, stderr, status } = bench(
    "logs",
    "--json",
    "--quick",
    "--only",
    ["disk", "reading", "readline", ...peers].join(","),
    "--case",
    cases.join(","),
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const report = JSON.parse(stdout) as Report;
  expect(report.rows.filter(({ subject }) => subject === "wherefrom").map(({ case: name, unit }) => [name, unit])).toEqual([
    ["rate all-cores", "MB/s"],
    ["cpu all-cores", "MB/CPU s"],
    ["memory file", "MB"],
    ["rate large-all-cores", "MB/s"],
    ["cpu large-all-cores", "MB/CPU s"],
    ["rate one-core", "MB/s"],
    ["cpu one-core", "MB/CPU s"],
    ["memory stream", "MB"],
  ]);
  for (const against of ["readline", ...peers])
    for (const name of ["rate one-core", "cpu one-core"])
      expect(report.ratios).toContainEqual({ case: name, against, ratio: expect.any(Number) });
  // the share of what is possible at most
  for (const name of ["rate all-cores", "rate large-all-cores", "rate one-core"])
    expect(report.ratios).toContainEqual({ case: name, against: "disk", ratio: expect.any(Number) });
});

test("events writes and asks the stores beside DuckDB alone", () => {
  const peers = ["bare duckdb", ...(capability("clickhouse") ? ["clickhouse"] : [])];
  const { stdout, stderr, status } = bench("events", "--json", "--quick", "--only", peers.join(","), "--case", "per-minute");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { rows, ratios } = JSON.parse(stdout) as Report;
  for (const [caseName, unit] of Object.entries({ "write rate": "rows/s", "write size": "bytes/row", "ask per-minute": "ms" })) {
    const shown = rows.filter((row) => row.case === caseName && row.unit === unit && row.value > 0).map(({ subject }) => subject);
    expect(shown.sort()).toEqual([...peers, "wherefrom"].sort());
    for (const against of peers) expect(ratios).toContainEqual({ case: caseName, against, ratio: expect.any(Number) });
  }
  expect(ratios).toContainEqual({ case: "write delivered", against: "bare duckdb", ratio: expect.any(Number) });
});

test.runIf(process.platform === "linux")("events says what recording costs a request, and how sure that is", () => {
  const { stdout, stderr, status } = bench("events", "--json", "--quick", "--case", "record");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { rows } = JSON.parse(stdout) as Report;
  expect(rows.map((row) => `${row.case}, ${row.unit}`)).toEqual([
    "record plain, µs",
    "record all, µs",
    ...["record-request", "record-batch", "record-alike"].flatMap((name) => ["median", "from", "to"].map((what) => `${name} ${what}, µs`)),
  ]);
  expect(rows.find((row) => row.case === "record plain")?.value).toBeGreaterThan(0);
});

test.runIf(process.platform === "linux")("replay finds in every store what was sent through the gateway", () => {
  const { stdout, stderr, status } = bench("replay", "--json", "--quick", "--count", "1000");
  const leftOut = capability("clickhouse") ? "" : expect.stringContaining("clickhouse");
  expect({ status, stderr }).toEqual({ status: 0, stderr: leftOut });
  const { rows } = JSON.parse(stdout) as Report;
  const figure = (name: string): number | undefined => rows.find((row) => row.case === name)?.value;
  expect([figure("requests: recorded"), figure("requests: sampled or dropped")]).toEqual([1_000, 0]);
  const questions = rows.flatMap(({ case: name }) => (name.endsWith(": groups") ? [name.replace(": groups", "")] : []));
  expect(questions.length).toBeGreaterThan(5);
  for (const question of questions) {
    expect(figure(`${question}: groups`)).toBeGreaterThan(0);
    if (capability("clickhouse")) expect(figure(`${question}: other than clickhouse`)).toBe(0);
    expect(figure(`${question}: other than requests`) ?? 0).toBe(0);
  }
});

test.runIf(process.platform === "linux")("amplification sends what costs much, and compares it with plain traffic", () => {
  const cases = ["upload", "requests", "tiny chunks", "http2 empty data", "proxy additions", "decision questions", "control empty lists"];
  const { stdout, stderr, status } = bench("amplification", "--json", "--quick", "--case", cases.join(","));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { rows, ratios } = JSON.parse(stdout) as Report;
  expect(rows.map(({ case: name, unit }) => `${name}, ${unit}`)).toEqual(cases.map((name) => `${name}, ns/byte`));
  for (const against of ["upload", "requests"]) expect(ratios).toContainEqual({ case: "tiny chunks", against, ratio: expect.any(Number) });
});

const wrong = [
  { words: ["nothing"], says: "No benchmark nothing" },
  { words: ["resolve", "match"], says: "Expected one benchmark, received 2" },
  { words: ["resolve", "--loud"], says: "Unknown option '--loud'" },
  { words: ["resolve", "--rounds", "0"], says: "--rounds: expected a whole number above 0" },
  { words: ["events", "--count", "0"], says: "--count: expected a number such as 5000, 10k or 1M" },
  { words: ["websocket", "--only", "apache"], says: "No apache here: there are nginx, haproxy, http-proxy-3" },
  { words: ["publish", "--case", "hour"], says: "No hour here: there are follow, minute, load" },
  { words: ["gateway", "--case", "2MB"], says: "No 2MB here: there are 100B, 10KB, 1MB" },
];

test.each(wrong)("$words is a fault of usage", ({ words, says }) => {
  const { status, stderr } = bench(...words);
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(says) });
  expect(stderr).toContain("Usage: npm run bench -- resolve|match|gateway|websocket|publish|events|replay|logs|amplification [--json]");
});
