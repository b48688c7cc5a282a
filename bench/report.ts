import type { Row } from "./measure.ts";

/** The name of our own subject in every case. */
export const OURS = "wherefrom";

/** Ours divided by another: in a row's unit, so less than 1 is faster. `against` is a subject of the same case, or another case of ours. */
export type Ratio = { readonly case: string; readonly against: string; readonly ratio: number };

/** What a benchmark says, and what `--json` prints. */
export type Report = { readonly bench: string; readonly node: string; readonly rows: readonly Row[]; readonly ratios: readonly Ratio[] };

/** Makes the report. `pairs` names the cases of ours that are compared with each other. */
export function reportOf(bench: string, rows: readonly Row[], pairs: readonly (readonly [name: string, against: string])[]): Report {
  const ours = new Map(rows.filter((row) => row.subject === OURS).map((row) => [row.case, row.value]));
  const others = rows.filter((row) => row.subject !== OURS);
  const ratios = [
    ...others.map((row) => ({ case: row.case, against: row.subject, ratio: round((ours.get(row.case) ?? Number.NaN) / row.value, 4) })),
    ...pairs.map(([name, against]) => ({
      case: name,
      against,
      ratio: round((ours.get(name) ?? Number.NaN) / (ours.get(against) ?? Number.NaN), 4),
    })),
  ];
  return { bench, node: process.version, rows: rows.map((row) => ({ ...row, value: round(row.value, 1) })), ratios };
}

/** The report as a table: a line a case, a column a subject, and how many times as fast as each other subject ours is. */
export function tableOf({ bench, node, rows, ratios }: Report): string {
  const subjects = [...new Set(rows.map((row) => row.subject))];
  const cases = [...new Set(rows.map((row) => row.case))];
  const head = [`${bench}, ns a call (${node})`, ...subjects];
  const body = cases.map((name) => [name, ...subjects.map((subject) => cellOf(name, subject, { rows, ratios }))]);
  const pairs = ratios
    .filter(({ against }) => cases.includes(against))
    .map(({ case: name, against, ratio }) => `${name} costs ${ratio.toFixed(2)} times ${against}`);
  return `${[...align([head, ...body]), ...pairs].join("\n")}\n`;
}

/** `3260 (14.8x)`: theirs, and how many times ours it is. */
function cellOf(name: string, subject: string, { rows, ratios }: Pick<Report, "rows" | "ratios">): string {
  const row = rows.find((candidate) => candidate.case === name && candidate.subject === subject);
  if (row === undefined) return "-";
  const ratio = ratios.find((candidate) => candidate.case === name && candidate.against === subject)?.ratio;
  const value = row.value >= 100 ? row.value.toFixed(0) : row.value.toFixed(1);
  return ratio === undefined ? value : `${value} (${(1 / ratio).toFixed(2)}x)`;
}

function align(lines: readonly (readonly string[])[]): readonly string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
