import { type Cursor, openCursor, pass } from "./cursor.ts";
import { type Dialect, type EnvEntry, type EnvFault, textValue } from "./reading.ts";

/** Names that systemd lets into an environment; others are left out with a line in the journal. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a file as systemd's `EnvironmentFile=` does: nothing is filled in, `;` begins a comment line too, `#` inside a value is no comment, a backslash at the end of a line goes on in
 * the next, several quoted parts are joined, and there is no `export`.
 *
 * Source: systemd.exec(5), and systemd 252 observed. From 254 on a comment does not go on after a backslash, so what stands there is unknown.
 */
export const readSystemd: Dialect = (text) => {
  const cursor = openCursor(text);
  const entries: EnvEntry[] = [];
  const faults: EnvFault[] = [];
  let isInDoubt = false;
  for (pass(cursor, isSpace); cursor.at < cursor.text.length; pass(cursor, isSpace)) {
    const line = cursor.line();
    if (cursor.text[cursor.at] === "#" || cursor.text[cursor.at] === ";") {
      isInDoubt = takeToNewline(cursor).endsWith("\\");
      continue;
    }
    const key = readKey(cursor);
    const text = key === undefined ? undefined : readValue(cursor);
    if (key === undefined || text === undefined || !NAME.test(key)) {
      faults.push({ line, kind: "not-an-assignment", stops: false });
    } else {
      entries.push({ key, line, value: isInDoubt ? { kind: "unknown", why: "version" } : textValue(text) });
    }
    isInDoubt = false;
  }
  return { entries, faults };
};

function isNewline(character: string | undefined): boolean {
  return character === "\n" || character === "\r";
}

function isSpace(character: string): boolean {
  return character === " " || character === "\t" || isNewline(character);
}

function takeToNewline(cursor: Cursor): string {
  const start = cursor.at;
  pass(cursor, (character) => !isNewline(character));
  return cursor.text.slice(start, cursor.at);
}

function readKey(cursor: Cursor): string | undefined {
  const start = cursor.at;
  pass(cursor, (character) => character !== "=" && !isNewline(character));
  if (cursor.text[cursor.at] !== "=") return undefined;
  cursor.at += 1;
  return cursor.text.slice(start, cursor.at - 1).replace(/[ \t]+$/, "");
}

/** Reads parts until the line ends outside of quotes. Blanks before the first bare character and after the last are dropped. */
function readValue(cursor: Cursor): string {
  let value = "";
  /** How much of the value stays whatever blanks follow; `undefined` before a bare part begins. */
  let kept: number | undefined;
  while (cursor.at < cursor.text.length) {
    const character = cursor.text[cursor.at++] as string;
    if (isNewline(character)) break;
    if (kept === undefined && (character === "'" || character === '"')) {
      value += readQuoted(cursor, character);
    } else if (character === "\\") {
      const next = cursor.text[cursor.at++];
      if (next !== undefined && !isNewline(next)) value += next;
      kept = value.length;
    } else if (kept !== undefined || !isSpace(character)) {
      value += character;
      if (!isSpace(character)) kept = value.length;
    }
  }
  return kept === undefined ? value : value.slice(0, kept);
}

function readQuoted(cursor: Cursor, quote: string): string {
  let inside = "";
  while (cursor.at < cursor.text.length) {
    const character = cursor.text[cursor.at++] as string;
    if (character === quote) break;
    if (quote === '"' && character === "\\") {
      const next = cursor.text[cursor.at++] ?? "";
      if (next !== "\n") inside += '"\\`$'.includes(next) ? next : `\\${next}`;
    } else {
      inside += character;
    }
  }
  return inside;
}
