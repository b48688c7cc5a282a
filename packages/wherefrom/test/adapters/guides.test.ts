import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { listCases, readResolveCases } from "../corpus.ts";
import { oldSettings } from "./old-settings.ts";

const GUIDES = new URL("../../../../docs/guides/", import.meta.url);

/** Rows of the table under «What it got wrong»: the old setting, the corpus row, what it said, what the answer is. */
const claims = readdirSync(GUIDES)
  .filter((name) => /^migrate-.*\.md$/.test(name))
  .flatMap((guide) => {
    const lines = readFileSync(new URL(guide, GUIDES), "utf8").split("\n");
    const table = lines.filter((line) => line.startsWith("| `"));
    return table.map((line) => ({
      guide,
      cells: line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.replaceAll("`", "")),
    }));
  });

const rows = listCases("resolve").flatMap((file) => readResolveCases(file));

describe("what a guide says of the old way, the real framework says", () => {
  test.each(claims.map(({ guide, cells }) => [guide, ...cells] as const))(
    "%s: %s, %s: %s",
    async (_guide, setting = "", name, said, now) => {
      const row = rows.find((candidate) => candidate.name === name);
      if (row === undefined) throw new Error(`The corpus has no row «${name}»`);
      const { ip, trust } = row.expect;
      expect(`${ip}, ${trust}`).toBe(now);
      expect(await oldSettings[setting]?.(row)).toBe(said);
    },
  );

  test("for every setting that is tried", () => {
    expect(new Set(claims.map(({ cells }) => cells[0]))).toEqual(new Set(Object.keys(oldSettings)));
    expect(new Set(claims.map(({ guide }) => guide)).size).toBe(8);
  });
});
