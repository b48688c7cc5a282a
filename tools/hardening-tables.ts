import type { Finding } from "./finding.ts";
import { resolvePath, type Tree } from "./tree.ts";

const folder = "docs/hardening/";
const head = "| id | what is sent or happens | what Wherefrom does | shown by |";
const rule = "|---|---|---|---|";

/** A row of a table, as written. */
type Row = { readonly file: string; readonly line: number; readonly cells: readonly string[]; readonly section: string };

/**
 * Checks the tables of attacks and faults in docs/hardening: that every row has an id of its section, in order and once in the folder,
 * and that each of its links names a file that has the texts in backticks behind it: a test's title, or the name of a corpus row.
 * What it cannot see: whether the test shows what the row says. That is for readers.
 */
export function judgeHardeningTables(tree: Tree): Finding[] {
  const files = [...tree.paths].filter((path) => path.startsWith(folder) && path.endsWith(".md") && path !== `${folder}README.md`);
  const rows = files.flatMap((file) => rowsOf(file, tree.read(file)));
  const ids = new Map<string, Row>();
  const faults = rows.flatMap((row, index) => {
    const before = rows[index - 1];
    const isNext = before?.file === row.file && before.section === row.section;
    const found = [...idFaults(row, { ids, before: isNext ? before : undefined }), ...proofFaults(row, tree)];
    ids.set(idOf(row), row);
    return found.map((fault) => ({ file: row.file, line: row.line, ...fault }));
  });
  return [...files.filter((file) => !rows.some((row) => row.file === file)).map(tableMissing), ...faults];
}

type Fault = Pick<Finding, "what" | "why" | "wayOut">;

function tableMissing(file: string): Finding {
  return { file, line: 1, what: "no row was read", why: "a page here is a table", wayOut: `begin the table by ${head}` };
}

/** The rows of all tables of a page that have the head above; the section is the first letter of the heading over them. */
function rowsOf(file: string, text: string): Row[] {
  let section = "";
  let isInside = false;
  return text.split("\n").flatMap((content, index, lines) => {
    section = /^## ([A-Z])\. /.exec(content)?.[1] ?? section;
    if (content === head) isInside = true;
    if (!content.startsWith("|")) isInside = false;
    if (!isInside || content === head || (content === rule && lines[index - 1] === head)) return [];
    return [{ file, line: index + 1, cells: cellsOf(content), section }];
  });
}

/** A bar inside a cell is written `\|`, in backticks too. */
function cellsOf(row: string): string[] {
  return row
    .replace(/^\|/, "")
    .replace(/\|\s*$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function idOf(row: Row): string {
  return row.cells[0] ?? "";
}

function idFaults(row: Row, { ids, before }: { ids: ReadonlyMap<string, Row>; before: Row | undefined }): Fault[] {
  const id = idOf(row);
  const wayOut = "an id is the section's letter and two digits, each once in the folder, rising";
  const [letter, number] = [id.slice(0, 1), id.slice(1)];
  if (letter !== row.section || !/^\d\d$/.test(number)) {
    return [{ what: `row «${id}»`, why: `it stands in section «${row.section}»`, wayOut }];
  }
  const other = ids.get(id);
  if (other !== undefined) return [{ what: `row ${id} is there twice`, why: `the other is in ${other.file}:${other.line}`, wayOut }];
  if (before !== undefined && idOf(before) > id) return [{ what: `row ${id}`, why: `it stands behind ${idOf(before)}`, wayOut }];
  return [];
}

/** A link and the texts in backticks behind it, up to the next link. */
type Proof = { readonly target: string; readonly texts: readonly string[] };

function proofFaults(row: Row, tree: Tree): Fault[] {
  const id = idOf(row);
  const wayOut = "in the last column: [file](../../file) and in backticks a text that stands in it";
  if (row.cells.length !== 4)
    return [{ what: `row ${id} has ${row.cells.length} cells`, why: "the table has four columns", wayOut: "write a bar in a cell as \\|" }];
  const empty = row.cells.some((cell) => cell === "")
    ? [{ what: `row ${id} has an empty cell`, why: "it says nothing", wayOut: "fill it" }]
    : [];
  const proofs = proofsOf(row.cells[3] ?? "");
  if (proofs.length === 0) return [...empty, { what: `row ${id} names no file`, why: "nobody can look whether it is true", wayOut }];
  return [
    ...empty,
    ...proofs.flatMap(({ target, texts }): Fault[] => {
      const path = resolvePath(row.file, target);
      if (path === undefined || !tree.paths.has(path)) return [{ what: `row ${id}: ${target}`, why: "there is no such file", wayOut }];
      if (texts.length === 0) return [{ what: `row ${id}: ${target}`, why: "no text in backticks says what of it", wayOut }];
      const source = tree.read(path);
      return texts
        .filter((text) => !source.includes(text))
        .map((text) => ({ what: `row ${id}: «${text}»`, why: `it does not stand in ${path}`, wayOut }));
    }),
  ];
}

function proofsOf(cell: string): Proof[] {
  // the part before the first link is prose, whatever stands in backticks there
  const [, ...parts] = cell.split(/\[[^\]]*\]\((?=[^)]*\))/);
  return parts.map((part) => {
    const end = part.indexOf(")");
    return { target: part.slice(0, end), texts: textsIn(part.slice(end + 1)) };
  });
}

/** Texts between backticks; a text that holds backticks stands between two of them, with a blank at each end. */
function textsIn(part: string): string[] {
  return [...part.matchAll(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g)].map(([, ticks = "", text = ""]) =>
    ticks.length > 1 ? text.trim() : text,
  );
}
