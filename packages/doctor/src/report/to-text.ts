import type { Block, Document, Line } from "./document.ts";
import { type ShowPiece, showAll } from "./redact.ts";

/** Writes a document for a terminal: no colour, tables in columns, nothing in it can steer the terminal. */
export function toText(document: Document, show: ShowPiece = showAll): string {
  const parts = [document.title, ...document.blocks.map((block) => blockText(block, show))];
  return `${parts.join("\n\n")}\n`;
}

function blockText(block: Block, show: ShowPiece): string {
  const line = (pieces: Line): string => pieces.map(show).join("");
  switch (block.kind) {
    case "heading":
      return `${line(block.text)}\n${"-".repeat(widthOf(line(block.text)))}`;
    case "paragraph":
      return line(block.text);
    case "list":
      return block.items.map((item) => `- ${line(item)}`).join("\n");
    case "listing":
      return block.lines.map((item) => `    ${line(item)}`.trimEnd()).join("\n");
    case "table":
      return columns([block.head, ...block.rows.map((row) => row.map(line))]);
  }
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ""))));
  const padded = rows.map((row) => row.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))));
  return padded.map((row) => row.join("  ").trimEnd()).join("\n");
}

/** Columns that a text takes on a terminal: East Asian wide characters take two. Only our own words hold any; what was given is escaped to ASCII. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

/** Source: Unicode Standard Annex #11, the blocks whose characters are Wide or Fullwidth throughout. */
function isWide(code: number): boolean {
  return (
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xff00 && code <= 0xff60)
  );
}
