import { escapeText } from "wherefrom";

/** Longest request target in a line, in characters of the escaped text. What is longer is cut and ends in `...`. */
export const maxTargetLength = 2_048;
/** Longest of any other text that a client chose (host, user agent, referrer), in the same unit. */
export const maxFieldLength = 512;

/** Printable ASCII without the quote and the backslash: safe in a line of either format as it is, and what nearly every text is. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/**
 * A client's text for a line of the log, in printable ASCII: `\xNN` or `\uNNNN` for what is not, `\x22` for a quote, `\\` for a backslash. So no text
 * ends its line or its quotes, and none steers the terminal of whoever reads the file.
 */
export function printable(text: string, maxLength: number): string {
  if (text.length <= maxLength && PLAIN.test(text)) return text;
  return escapeText(text, maxLength).replaceAll('"', "\\x22");
}

/** The same for a string in JSON by hand, where each backslash stands twice. */
export function printableJson(text: string, maxLength: number): string {
  return printable(text, maxLength).replaceAll("\\", "\\\\");
}

/** The lines of a field, given in lower case, as one text as it was sent; nobody decides by it. */
export function fieldText(fields: readonly string[], name: string): string | undefined {
  let text: string | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const field = fields[index] ?? "";
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    const line = fields[index + 1] ?? "";
    text = text === undefined ? line : `${text}, ${line}`;
  }
  return text;
}
