import { expect, test } from "vitest";
import { printTable } from "../src/table.ts";

const LONG = "/a".repeat(4_000);

test("a table is as wide as what it is about, however long one path is", () => {
  const lines = printTable([
    ["path", "requests", "agent"],
    [LONG, "1", LONG],
    ["/", "20", "curl"],
  ]).split("\n");
  expect(lines).toEqual([
    `path${" ".repeat(98)}requests  agent`,
    `${LONG.slice(0, 99)}…  1         ${LONG}`,
    `/${" ".repeat(101)}20        curl`,
  ]);
});

test("no cell can steer a terminal, or end its line", () => {
  expect(printTable([["\u001b[31m", "a\nb"]])).toMatch(/^[^\u0000-\u001f]+$/);
});
