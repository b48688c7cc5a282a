import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ADVISORY_CODES, type AdvisoryContext, advise, PolicyError, parsePolicy } from "../src/index.ts";
import { dayNumber } from "../src/policy/day.ts";
import { listCases, readCases } from "./corpus.ts";

type AdvisoryRow = {
  readonly name: string;
  readonly policy: unknown;
  readonly context?: Omit<AdvisoryContext, "providers">;
  readonly expect: readonly (readonly [code: string, pointer: string])[];
};

const rows = readCases<AdvisoryRow>("policy/advisories.json");

function adviceOn(policy: unknown, context: AdvisoryRow["context"] = {}): readonly string[] {
  return advise(policy, context).map(({ code, pointer }) => `${code} ${pointer}`);
}

test.each(rows)("$name", ({ policy, context, expect: expected }) => {
  const wanted = expected.map((pair) => pair.join(" ")).toSorted();
  expect(adviceOn(policy, context).toSorted()).toEqual(wanted);
  expect(adviceOn(JSON.stringify(policy), context).toSorted()).toEqual(wanted);
});

test.each(rows)("a parsed policy gets the same codes: $name", ({ policy, context, expect: expected }) => {
  // What a parsed policy no longer knows: spellings, doubled unix: entries, and a permission that nothing needs.
  const codes = (list: readonly string[]) => list.map((line) => line.split(" ")[0]).filter((code) => !FORGOTTEN.has(String(code)));
  if (context?.suppressions !== undefined) return;
  expect(codes(adviceOn(parsePolicy(policy), context)).toSorted()).toEqual(codes(expected.map((pair) => pair.join(" "))).toSorted());
});

const FORGOTTEN: ReadonlySet<string> = new Set(["ADVISORY_PERMISSION_UNUSED", "ADVISORY_TRUST_COVERED"]);

test("each code has rows that expect it", () => {
  const expected = new Set(rows.flatMap((row) => row.expect.map(([code]) => code)));
  expect([...expected].toSorted()).toEqual(ADVISORY_CODES.toSorted());
});

test("days are counted as the calendar counts them", () => {
  for (let time = Date.UTC(1896, 0, 1); time < Date.UTC(2104, 0, 1); time += 86_400_000) {
    expect(dayNumber(new Date(time).toISOString())).toBe(time / 86_400_000);
  }
  for (const text of ["2027-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "26-01-01", ""]) {
    expect(dayNumber(text)).toBeUndefined();
  }
  expect(() => advise({}, { now: "yesterday" })).toThrow(RangeError);
  expect(dayNumber("2028-02-29")).toBe(Date.UTC(2028, 1, 29) / 86_400_000);
});

test("a policy that is not valid is a fault and gets no advice", () => {
  for (const policy of [null, "no JSON", { fallback: "PEER" }, { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For" } }]) {
    expect(() => advise(policy)).toThrow(PolicyError);
  }
});

test("a list of 60,000 networks gets its advice too", () => {
  const networks = Array.from({ length: 60_000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`);
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: [...networks, "10.9.9.9"] } };
  expect(adviceOn(policy)).toEqual(["ADVISORY_TRUST_COVERED /trustedProxiesAlgorithm/trustedProxies/60000"]);
});

describe("docs/advisories", () => {
  const folder = new URL("../../../docs/advisories/", import.meta.url);
  const pages = readdirSync(folder)
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));
  const named = new Map(
    ["resolve", "policy"].flatMap((kind) =>
      listCases(kind).map((file) => [file, new Set(readCases<{ name: string }>(file).map((row) => row.name))] as const),
    ),
  );

  test("has a page for each code and no other", () => {
    expect(pages.map(({ text }) => /^# (\S+)$/m.exec(text)?.[1] ?? "").toSorted()).toEqual(ADVISORY_CODES.toSorted());
    for (const { name, text } of pages) expect(text).toContain(`# ADVISORY_${name.slice(0, -3).toUpperCase().replaceAll("-", "_")}\n`);
  });

  test.each(pages)("$name shows a row of the corpus", ({ text }) => {
    const shown = [...text.matchAll(/`cases\/(\S+\.json)`: «(.+?)»/g)].map(([, file, row]) => ({ file: String(file), row: String(row) }));
    expect(shown).not.toEqual([]);
    for (const { file, row } of shown) expect(named.get(file)).toContain(row);
  });
});
