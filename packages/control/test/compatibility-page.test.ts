import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { API_LINES } from "../src/route-table.ts";

/** The rows of the table of methods: the method, and the verdict on it. */
function rows(): readonly (readonly string[])[] {
  const page = readFileSync(new URL("../../../docs/apigee-compatibility.md", import.meta.url), "utf8");
  const [table = ""] = page.split("## Methods\n")[1]?.split("\n\n") ?? [];
  const cells = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return cells.slice(2).map(([, method = "", verdict = ""]) => [method.replaceAll("`", ""), verdict]);
}

test("the page of compatibility has every method once", () => {
  expect(
    rows()
      .map(([method]) => method)
      .sort(),
  ).toEqual(API_LINES.map(([, , id]) => id).sort());
});

test("only what Apigee has is said to be the same, a superset or different", () => {
  const methods = JSON.parse(readFileSync(new URL("../../../cases/api/apigee-methods.json", import.meta.url), "utf8"));
  const apigee = new Set([...methods.map(({ name }: { name: string }) => name), "organizations.environments.list"]);
  for (const [method = "", verdict] of rows()) {
    expect([method, apigee.has(method) ? ["same", "superset", "different"] : ["ours"]]).toEqual([
      method,
      expect.arrayContaining([verdict]),
    ]);
  }
});
