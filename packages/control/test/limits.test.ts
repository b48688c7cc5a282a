import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";

test("the page names every limit of control with its default, and no other", () => {
  const [, page = ""] = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8").split(/^# Limits of .*$/m);
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)].map(([, name = "", value = ""]) => [
    name,
    Number(value.replaceAll(",", "")),
  ]);
  expect(rows.toSorted()).toEqual(Object.entries(DEFAULT_CONTROL_LIMITS).toSorted());
});
