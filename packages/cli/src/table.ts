import { printable } from "./output.ts";

/** Of a cell with others behind it: a path may have thousands of characters, and each row would be as long. The JSON of a command has all of it. */
const MAX_CELL_CHARS = 100;

/** Rows as columns for people, without colour. Nothing in it can steer a terminal. The first row may be a heading. What is long is cut, but in the last column. */
export function printTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell, at) => (at < row.length - 1 ? cut(printable(cell)) : printable(cell))));
  const widths = safe.reduce<readonly number[]>((all, row) => row.map((cell, at) => Math.max(cell.length, all[at] ?? 0)), []);
  return safe
    .map((row) =>
      row
        .map((cell, at) => (at < row.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cut(text: string): string {
  return text.length > MAX_CELL_CHARS ? `${text.slice(0, MAX_CELL_CHARS - 1)}…` : text;
}
