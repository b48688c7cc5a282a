import { createHash } from "node:crypto";
import type { Block, Document, Line, Piece } from "./document.ts";
import type { ShowPiece } from "./redact.ts";

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:.9em/1.4 ui-monospace,monospace}
pre{overflow-x:auto;padding:.75rem;border:1px solid;border-radius:.25rem}
table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{text-align:left;padding:.25rem .75rem;border:1px solid}`;

/** Writes a document as one HTML file that loads nothing and runs nothing: its policy allows its own style and no more. */
export function toHtml(document: Document, show: ShowPiece): string {
  const digest = createHash("sha256").update(STYLE).digest("base64");
  const title = escapeHtml(document.title);
  return [
    "<!doctype html>",
    `<html lang="${escapeHtml(document.language)}">`,
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'">`,
    '<meta name="viewport" content="width=device-width">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<h1>${title}</h1>`,
    ...document.blocks.map((block) => blockHtml(block, show)),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function blockHtml(block: Block, show: ShowPiece): string {
  const inline = (line: Line): string => line.map((piece) => pieceHtml(piece, show)).join("");
  switch (block.kind) {
    case "heading":
      return `<h2>${inline(block.text)}</h2>`;
    case "paragraph":
      return `<p>${inline(block.text)}</p>`;
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${inline(item)}</li>`).join("\n")}\n</ul>`;
    case "listing":
      return `<pre>${block.lines.map((line) => escapeHtml(line.map(show).join(""))).join("\n")}</pre>`;
    case "table":
      return tableHtml(
        block.head.map(escapeHtml),
        block.rows.map((row) => row.map(inline)),
      );
  }
}

function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]): string => texts.map((text) => `<${tag}>${text}</${tag}>`).join("");
  const body = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n");
  return `<table>\n<thead><tr>${cells("th", head)}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

function pieceHtml(piece: Piece, show: ShowPiece): string {
  const text = escapeHtml(show(piece));
  return typeof piece === "string" ? text : `<code>${text}</code>`;
}

/** HTML Living Standard §13.3, and the quotation marks for attribute values. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
