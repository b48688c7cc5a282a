import { placesIn, type SourceText } from "../source.ts";
import { type Notes, note, type Word } from "../statement.ts";

/**
 * The words of each line of a Caddyfile.
 *
 * Source: Caddy, "Caddyfile Concepts": quotes and backticks keep blanks and ends of lines, a backslash at the end joins lines, `#` begins a comment at the start of a word, and `<<NAME` a text that ends in a line with NAME.
 */
export function* linesOf(source: SourceText, notes: Notes): Generator<readonly Word[]> {
  const { text } = source;
  const placeAt = placesIn(source);
  let words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (char === "\n") {
      if (words.length > 0) yield words;
      words = [];
      at += 1;
    } else if (/\s/.test(char)) at += 1;
    else if (char === "#") at = endOfLine(text, at);
    else if (char === "\\" && /^\\\r?\n/.test(text.slice(at, at + 3))) at = text.indexOf("\n", at) + 1;
    else {
      const read = readWord(text, at);
      const place = placeAt(at);
      if (read.unclosed !== undefined)
        note(notes, place, {
          code: "CONFIG_NOT_CLOSED",
          expected: `${read.unclosed} at the end of the text`,
          given: "the end of the file",
        });
      words.push({ text: read.word, place, isQuoted: read.isQuoted });
      at = read.end;
    }
  }
  if (words.length > 0) yield words;
}

type Read = { readonly word: string; readonly end: number; readonly isQuoted: boolean; readonly unclosed?: string };

function readWord(text: string, start: number): Read {
  const first = text[start];
  if (first === '"' || first === "`") return readQuoted(text, { start, quote: first });
  return readHeredoc(text, start) ?? readBare(text, start);
}

/** A backslash keeps nothing but a double quote. */
function readQuoted(text: string, { start, quote }: { readonly start: number; readonly quote: string }): Read {
  let word = "";
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (char === quote) return { word, end: at + 1, isQuoted: true };
    if (quote === '"' && char === "\\" && text[at + 1] === quote) at += 1;
    word += text[at] ?? "";
  }
  return { word, end: text.length, isQuoted: true, unclosed: quote };
}

/**
 * A text that ends where its marker comes, which more words may follow. What stands in front of the marker is taken from the beginning of each line.
 *
 * Source: Caddy 2.7 and later, `caddyfile.lexer.finalizeHeredoc`.
 */
function readHeredoc(text: string, start: number): Read | undefined {
  if (!text.startsWith("<<", start)) return undefined;
  const opening = /<<([\w-]+)\r?\n/y;
  opening.lastIndex = start;
  const marker = opening.exec(text)?.[1];
  if (marker === undefined) return undefined;
  const begin = opening.lastIndex;
  const at = text.indexOf(marker, begin);
  if (at === -1) return { word: text.slice(begin), end: text.length, isQuoted: true, unclosed: marker };
  const last = text.lastIndexOf("\n", at) + 1;
  const lines = text.slice(begin, Math.max(begin, last - 1)).split("\n");
  const indent = text.slice(Math.max(begin, last), at);
  const word = lines.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join("\n");
  return { word, end: at + marker.length, isQuoted: true };
}

function readBare(text: string, start: number): Read {
  let at = start;
  while (at < text.length && !/\s/.test(text[at] ?? "")) {
    if (text[at] === "\\" && /^\\\r?\n/.test(text.slice(at, at + 3))) break;
    at += 1;
  }
  return { word: text.slice(start, at), end: at, isQuoted: false };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}
