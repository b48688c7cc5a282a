import type { Document } from "./document.ts";
import { createRedactor, showAll } from "./redact.ts";
import { toHtml } from "./to-html.ts";
import { toMarkdown } from "./to-markdown.ts";
import { toText } from "./to-text.ts";

export const REPORT_FORMATS = ["text", "markdown", "html"] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * Writes a document in a format. Text is for whoever ran the command and shows everything; Markdown and HTML are made to be passed on, and show stand-ins for
 * addresses and names unless `showsAll`.
 */
export function writeDocument(
  document: Document,
  { format, showsAll }: { readonly format: ReportFormat; readonly showsAll: boolean },
): string {
  const show = showsAll ? showAll : createRedactor();
  switch (format) {
    case "text":
      return toText(document);
    case "markdown":
      return toMarkdown(document, show);
    case "html":
      return toHtml(document, show);
  }
}
