import { type Cursor, isScriptSpace, openCursor, pass, take, takeLine } from "./cursor.ts";

/** An assignment before anything is filled in. `quote` is the first character of the value when it is a quote, closed or not. */
export type RawEntry = { readonly key: string; readonly text: string; readonly quote: string | undefined; readonly line: number };

const KEY = /[\w.-]/;
const QUOTES: ReadonlySet<string> = new Set(["'", '"', "`"]);

/**
 * Reads a file's assignments as dotenv for Node does, and the loaders that are built of it. What is no assignment is passed over without a word. A quoted value may span
 * lines, may begin on the line after the `=`, and counts as quoted only when nothing but a comment follows it; `#` begins a comment anywhere in an
 * unquoted value. `key: value` is taken too. A byte order mark is white space.
 *
 * Source: dotenv 8 to 18, observed. Escapes in double quotes are the callers', because they differ.
 */
export function readDotenvEntries(text: string): readonly RawEntry[] {
  const cursor = openCursor(text.replaceAll(/\r\n?/g, "\n"));
  const entries: RawEntry[] = [];
  while (cursor.at < cursor.text.length) {
    pass(cursor, isScriptSpace);
    const start = cursor.at;
    const line = cursor.line();
    const key = readKey(cursor);
    if (key === undefined) {
      cursor.at = start;
    } else {
      entries.push({ key, line, ...readValue(cursor) });
    }
    takeLine(cursor);
  }
  return entries;
}

/** Reads the key and the separator behind it. `undefined`: this line is no assignment. `export` is a key when no key follows it. */
function readKey(cursor: Cursor): string | undefined {
  const start = cursor.at;
  const first = take(cursor, (character) => KEY.test(character));
  if (first === "export") {
    const blanks = take(cursor, isScriptSpace);
    const key = blanks === "" ? "" : take(cursor, (character) => KEY.test(character));
    if (key !== "" && readSeparator(cursor)) return key;
    cursor.at = start + first.length;
  }
  return first !== "" && readSeparator(cursor) ? first : undefined;
}

/** `=` with any white space before it, also line ends, or `:` at once with white space behind it. */
function readSeparator(cursor: Cursor): boolean {
  if (cursor.text[cursor.at] === ":") {
    const isFollowed = isScriptSpace(cursor.text[cursor.at + 1] ?? "x");
    cursor.at += 2;
    return isFollowed;
  }
  pass(cursor, isScriptSpace);
  cursor.at += 1;
  return cursor.text[cursor.at - 1] === "=";
}

function readValue(cursor: Cursor): { readonly text: string; readonly quote: string | undefined } {
  const start = cursor.at;
  pass(cursor, isScriptSpace);
  const quote = cursor.text[cursor.at] ?? "";
  if (QUOTES.has(quote)) {
    const close = closingQuote(cursor, quote);
    if (close !== -1) {
      const text = cursor.text.slice(cursor.at + 1, close);
      cursor.at = close + 1;
      return { text, quote };
    }
  }
  cursor.at = start;
  const text = take(cursor, (character) => character !== "#" && character !== "\n").trim();
  const first = QUOTES.has(text[0] ?? "") ? text[0] : undefined;
  const isClosed = first !== undefined && text.length > 1 && text.endsWith(first);
  return { text: isClosed ? text.slice(1, -1) : text, quote: first };
}

/** The first quote without a backslash before it, if its line ends behind it; else the last one before it that has a backslash and ends its line. */
function closingQuote({ text, at: open }: Cursor, quote: string): number {
  const escaped: number[] = [];
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === "\\" && text[at + 1] === quote) {
      at += 1;
      escaped.push(at);
    } else if (text[at] === quote) {
      if (endsLine(text, at + 1)) return at;
      break;
    }
  }
  return escaped.findLast((at) => endsLine(text, at + 1)) ?? -1;
}

function endsLine(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && text[at] !== "\n" && isScriptSpace(text[at] as string)) at += 1;
  return at >= text.length || text[at] === "\n" || text[at] === "#";
}
