/** The name of our own subject in every case. */
export const OURS = "wherefrom";

/** One figure of all rounds: their median, and for calls the quietest. */
export type Row = { readonly case: string; readonly subject: string; readonly value: number; readonly unit: string };

/**
 * Ours divided by another, in a row's unit: where the unit is a cost, less than 1 is better. `against` is a subject of the same case, or another case of ours. There is none where the other figure is
 * not above 0: of few connections the memory may come out as nothing, or as less.
 */
export type Ratio = { readonly case: string; readonly against: string; readonly ratio: number };

/** What a benchmark says, and what `--json` prints. */
export type Report = { readonly bench: string; readonly node: string; readonly rows: readonly Row[]; readonly ratios: readonly Ratio[] };

/** Makes the report. `pairs` names the cases of ours that are compared with each other. */
export function reportOf(bench: string, rows: readonly Row[], pairs: readonly (readonly [name: string, against: string])[] = []): Report {
  const ours = new Map(rows.filter((row) => row.subject === OURS).map((row) => [row.case, row.value]));
  const others = rows.filter((row) => row.subject !== OURS);
  const compared = [
    ...others.map((row) => ({ case: row.case, against: row.subject, mine: ours.get(row.case), theirs: row.value })),
    ...pairs.map(([name, against]) => ({ case: name, against, mine: ours.get(name), theirs: ours.get(against) })),
  ];
  const ratios = compared.flatMap(({ case: name, against, mine, theirs }) =>
    mine !== undefined && theirs !== undefined && theirs > 0 ? [{ case: name, against, ratio: ratioOf(mine, theirs) }] : [],
  );
  return { bench, node: process.version, rows: rows.map((row) => ({ ...row, value: Number(row.value.toFixed(DIGITS)) })), ratios };
}

const DIGITS = 2;
const RATIO_DIGITS = 4;

/** By digits that count and not by decimals: a ratio of 1 to 60,000 is not 0. */
function ratioOf(ours: number, theirs: number): number {
  return Number((ours / theirs).toPrecision(RATIO_DIGITS));
}

/** The report as a table: a line a case, a column a subject, and how many times as fast as each other subject ours is. */
export function tableByCase({ bench, node, rows, ratios }: Report): string {
  const subjects = [...new Set(rows.map((row) => row.subject))];
  const cases = [...new Set(rows.map((row) => row.case))];
  const head = [`${bench}, ns a call (${node})`, ...subjects];
  const body = cases.map((name) => [
    name,
    ...subjects.map((subject) => cellOf({ rows, ratios }, { name, subject, ratioText: (ratio) => `${(1 / ratio).toFixed(2)}x` })),
  ]);
  const pairs = ratios
    .filter(({ against }) => cases.includes(against))
    .map(({ case: name, against, ratio }) => `${name} costs ${ratio.toFixed(2)} times ${against}`);
  return `${[...align([head, ...body]), ...pairs].join("\n")}\n`;
}

/**
 * The report as tables, for cases with units of their own: a line a subject, a column a case, and in brackets ours divided by theirs. Cases that share their
 * first word share a table.
 */
export function tableBySubject({ bench, node, rows, ratios }: Report): string {
  const subjects = [...new Set(rows.map((row) => row.subject))];
  const units = [...new Map(rows.map((row) => [row.case, row.unit]))];
  const tables = [...new Set(units.map(([name]) => groupOf(name)))].map((group) => {
    const cases = units.filter(([name]) => groupOf(name) === group);
    const head = [group, ...cases.map(([name, unit]) => `${name.slice(name.indexOf(" ") + 1)}, ${unit}`)];
    const body = subjects.map((subject) => [
      subject,
      ...cases.map(([name]) => cellOf({ rows, ratios }, { name, subject, ratioText: (ratio) => `${ratio.toFixed(2)}` })),
    ]);
    return align([head, ...body]).join("\n");
  });
  return `${bench}, medians, (ours divided by theirs) (${node})\n\n${tables.join("\n\n")}\n`;
}

/** A line a figure. */
export function tableByLine({ bench, node, rows }: Report): string {
  const lines = rows.map(({ case: name, value, unit }) => `${name.padEnd(70)}${value.toFixed(0).padStart(10)} ${unit}`);
  return `${bench} (${node})\n\n${lines.join("\n")}\n`;
}

/** A line a case of ours, and how many times what each case costs with which it is compared. */
export function tableByPair({ bench, node, rows, ratios }: Report): string {
  const bases = [...new Set(ratios.map(({ against }) => against))];
  const head = [`${bench}, medians (${node})`, rows[0]?.unit ?? "", ...bases.map((base) => `x ${base}`)];
  const body = rows.map(({ case: name, value }) => [
    name,
    value.toFixed(1),
    ...bases.map((base) => ratios.find((ratio) => ratio.case === name && ratio.against === base)?.ratio.toFixed(1) ?? "-"),
  ]);
  return `${align([head, ...body]).join("\n")}\n`;
}

function groupOf(caseName: string): string {
  return caseName.includes(" ") ? caseName.slice(0, caseName.indexOf(" ")) : "";
}

type CellOptions = { readonly name: string; readonly subject: string; readonly ratioText: (ratio: number) => string };

/** Theirs, and how it compares with ours. */
function cellOf({ rows, ratios }: Pick<Report, "rows" | "ratios">, { name, subject, ratioText }: CellOptions): string {
  const row = rows.find((candidate) => candidate.case === name && candidate.subject === subject);
  if (row === undefined) return "-";
  const ratio = ratios.find((candidate) => candidate.case === name && candidate.against === subject)?.ratio;
  const value = row.value >= 100 ? row.value.toFixed(0) : row.value.toFixed(1);
  return ratio === undefined ? value : `${value} (${ratioText(ratio)})`;
}
function align(lines: readonly (readonly string[])[]): readonly string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
}
