import type { Block, Document, Line, Piece } from "./document.ts";
import type { ShowPiece } from "./redact.ts";

/** Writes a document as GitHub-flavoured Markdown. Nothing in a text is read as markup: neither what was given nor our own words. */
export function toMarkdown(document: Document, show: ShowPiece): string {
  const parts = [`# ${escapeMarkdown(document.title)}`, ...document.blocks.map((block) => blockMarkdown(block, show))];
  return `${parts.join("\n\n")}\n`;
}

function blockMarkdown(block: Block, show: ShowPiece): string {
  const inline = (line: Line): string => line.map((piece) => pieceMarkdown(piece, show)).join("");
  switch (block.kind) {
    case "heading":
      return `## ${inline(block.text)}`;
    case "paragraph":
      return inline(block.text);
    case "list":
      return block.items.map((item) => `- ${inline(item)}`).join("\n");
    case "listing":
      return fenced(block.lines.map((line) => line.map(show).join("")));
    case "table":
      return [
        `| ${block.head.map(escapeMarkdown).join(" | ")} |`,
        `|${block.head.map(() => "---").join("|")}|`,
        ...block.rows.map((row) => `| ${row.map(inline).join(" | ")} |`),
      ].join("\n");
  }
}

function pieceMarkdown(piece: Piece, show: ShowPiece): string {
  const text = show(piece);
  return typeof piece === "string" || text === "" ? escapeMarkdown(text) : codeSpan(text);
}

/** CommonMark §6.1: a code span whose fence is longer than any run of backticks in it. A pipe still ends a table's cell there, so it is escaped. */
function codeSpan(text: string): string {
  const fence = "`".repeat(longestRun(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text.replaceAll("|", "\\|")}${pad}${fence}`;
}

function fenced(lines: readonly string[]): string {
  const fence = "`".repeat(Math.max(3, longestRun(lines.join("\n")) + 1));
  return [fence, ...lines, fence].join("\n");
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

/** CommonMark §2.4: any ASCII punctuation may be escaped. Those that never begin markup inside a line stay readable. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|~!&]/g, "\\$&");
}
