import { expect, test } from "vitest";
import { judgeHardeningTables } from "../hardening-tables.ts";
import { treeOf } from "../tree.ts";

const table = "# Page\n\n## A. Headers\n| id | what is sent or happens | what Wherefrom does | shown by |\n|---|---|---|---|\n";
const shown = "[cases](../../cases/a.json) `a row`";

/** What is found in a page of these rows, beside a file that has the texts «a row», «a | b» and «`c`». */
function findingsOf(...rows: readonly string[]): string[] {
  const files = {
    "cases/a.json": "a row, a | b, `c`",
    "docs/hardening/README.md": "# No table",
    "docs/hardening/a.md": table + rows.join("\n"),
  };
  return judgeHardeningTables(treeOf(files)).map(({ line, what, why }) => `${line} ${what}: ${why}`);
}

const rows: { says: string; rows: readonly string[]; found: readonly string[] }[] = [
  { says: "a row with its link and text", rows: [`| A01 | x | y | ${shown} |`], found: [] },
  { says: "two rows in order, a number left out", rows: [`| A01 | x | y | ${shown} |`, `| A07 | x | y | ${shown} |`], found: [] },
  { says: "texts with a bar and with backticks", rows: ["| A01 | x | y | [c](../../cases/a.json) `a \\| b`, `` `c` `` |"], found: [] },
  { says: "two links", rows: [`| A01 | x | y | ${shown}; and ${shown} |`], found: [] },
  { says: "a row of another section", rows: [`| B01 | x | y | ${shown} |`], found: ["6 row «B01»: it stands in section «A»"] },
  { says: "an id of one digit", rows: [`| A1 | x | y | ${shown} |`], found: ["6 row «A1»: it stands in section «A»"] },
  {
    says: "an id twice",
    rows: [`| A01 | x | y | ${shown} |`, `| A01 | x | y | ${shown} |`],
    found: ["7 row A01 is there twice: the other is in docs/hardening/a.md:6"],
  },
  {
    says: "ids out of order",
    rows: [`| A02 | x | y | ${shown} |`, `| A01 | x | y | ${shown} |`],
    found: ["7 row A01: it stands behind A02"],
  },
  {
    says: "a row without a link",
    rows: ["| A01 | x | y | `a row` |"],
    found: ["6 row A01 names no file: nobody can look whether it is true"],
  },
  {
    says: "a link without a text",
    rows: ["| A01 | x | y | [c](../../cases/a.json) |"],
    found: ["6 row A01: ../../cases/a.json: no text in backticks says what of it"],
  },
  {
    says: "a second link without a text",
    rows: [`| A01 | x | y | ${shown}, [c](../../cases/a.json) |`],
    found: ["6 row A01: ../../cases/a.json: no text in backticks says what of it"],
  },
  {
    says: "a text that is gone",
    rows: ["| A01 | x | y | [c](../../cases/a.json) `a row`, `another` |"],
    found: ["6 row A01: «another»: it does not stand in cases/a.json"],
  },
  {
    says: "a link to nothing",
    rows: ["| A01 | x | y | [c](../../cases/b.json) `a row` |"],
    found: ["6 row A01: ../../cases/b.json: there is no such file"],
  },
  {
    says: "a link to a folder",
    rows: ["| A01 | x | y | [c](../../cases) `a row` |"],
    found: ["6 row A01: ../../cases: there is no such file"],
  },
  { says: "too few cells", rows: [`| A01 | x | ${shown} |`], found: ["6 row A01 has 3 cells: the table has four columns"] },
  { says: "an empty cell", rows: [`| A01 | | y | ${shown} |`], found: ["6 row A01 has an empty cell: it says nothing"] },
  { says: "no row at all", rows: [], found: ["1 no row was read: a page here is a table"] },
];

test.each(rows)("$says: $found", ({ rows, found }) => {
  expect(findingsOf(...rows)).toEqual(found);
});

test("a table with another head is not read, and the page has then no row", () => {
  const files = { "docs/hardening/a.md": `# Page\n\n## A. Headers\n| id | what |\n|---|---|\n| A01 | x |` };
  expect(judgeHardeningTables(treeOf(files)).map(({ what }) => what)).toEqual(["no row was read"]);
});

test("an id in two pages is there twice", () => {
  const page = `${table}| A01 | x | y | ${shown} |`;
  const files = { "cases/a.json": "a row", "docs/hardening/a.md": page, "docs/hardening/b.md": page };
  expect(judgeHardeningTables(treeOf(files)).map(({ file, what }) => `${file} ${what}`)).toEqual([
    "docs/hardening/b.md row A01 is there twice",
  ]);
});
