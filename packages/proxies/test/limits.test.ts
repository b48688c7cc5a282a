import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CONFIG_LIMITS } from "../src/limits.ts";

test("the page names every limit of reading with its value, and no other", () => {
  const [, page = ""] = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8").split(
    "# Limits of reading configurations",
  );
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)].map(([, name = "", value = ""]) => [
    name,
    Number(value.replaceAll(",", "")),
  ]);
  expect(rows.toSorted()).toEqual(Object.entries(CONFIG_LIMITS).toSorted());
});
