import { type Cursor, isPythonSpace, openCursor, pass, take, takeLine } from "./cursor.ts";
import { expandPython, lookupIn, type Scope } from "./expand.ts";
import type { EnvEntry, EnvFault, EnvReading, EnvValue, ProcessEnvironment } from "./reading.ts";

/** What is wrong with a statement; the rest of its line is left out. */
class Refused extends Error {
  override readonly name = "Refused";
}

type Statement = { readonly key: string; readonly value: string | undefined } | undefined;

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/**
 * Reads a file as python-dotenv does, and so do pydantic's settings. A key without `=` is named but not set. Quoted text may span lines; `#` begins a comment after
 * a blank only; `${name}` is filled in, in single quotes too. A byte order mark becomes part of the first key.
 *
 * Source: python-dotenv 0.21 to 1.1, observed.
 */
export function readPythonDotenv(
  text: string,
  { environment, first }: { environment: ProcessEnvironment; first: Scope["first"] },
): EnvReading {
  // Python opens text with universal newlines
  const cursor = openCursor(text.replaceAll(/\r\n?/g, "\n"));
  const entries: EnvEntry[] = [];
  const faults: EnvFault[] = [];
  const assigned = new Map<string, EnvValue>();
  const lookup = lookupIn({ assigned, environment, first });
  for (pass(cursor, isPythonSpace); cursor.at < cursor.text.length; pass(cursor, isPythonSpace)) {
    const line = cursor.line();
    try {
      const statement = readStatement(cursor);
      if (statement === undefined) continue;
      const value: EnvValue = statement.value === undefined ? { kind: "absent" } : expandPython(statement.value, lookup);
      assigned.set(statement.key, value);
      entries.push({ key: statement.key, value, line });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      faults.push({ line, kind: error.message === "quote" ? "unclosed-quote" : "not-an-assignment", stops: false });
      takeLine(cursor);
    }
  }
  return { entries, faults };
}

function isBlank(character: string): boolean {
  return character !== "\n" && isPythonSpace(character);
}

/** Reads one statement and the end of its line. `undefined`: a comment. */
function readStatement(cursor: Cursor): Statement {
  skipExport(cursor);
  const key = readKey(cursor);
  pass(cursor, isBlank);
  let value: string | undefined;
  if (cursor.text[cursor.at] === "=") {
    cursor.at += 1;
    pass(cursor, isBlank);
    value = readValue(cursor);
  }
  endLine(cursor);
  return key === undefined ? undefined : { key, value };
}

function skipExport(cursor: Cursor): void {
  const word = "export";
  const after = cursor.text[cursor.at + word.length];
  if (!cursor.text.startsWith(word, cursor.at) || after === undefined || !isBlank(after)) return;
  cursor.at += word.length;
  pass(cursor, isBlank);
}

function readKey(cursor: Cursor): string | undefined {
  const first = cursor.text[cursor.at];
  if (first === "#") return undefined;
  if (first !== "'") return required(take(cursor, (character) => character !== "=" && character !== "#" && !isPythonSpace(character)));
  const end = cursor.text.indexOf("'", cursor.at + 1);
  const key = required(end === -1 ? "" : cursor.text.slice(cursor.at + 1, end));
  cursor.at = end + 1;
  return key;
}

function required(key: string): string {
  if (key === "") throw new Refused("key");
  return key;
}

function readValue(cursor: Cursor): string {
  const first = cursor.text[cursor.at];
  if (first === "'" || first === '"') return readQuoted(cursor, first);
  const line = takeLine(cursor);
  const comment = commentIn(line);
  return trimEnd(comment === -1 ? line : line.slice(0, comment));
}

/** Where the first `#` with a blank before it stands, by the first of those blanks; -1 when there is none. */
function commentIn(line: string): number {
  for (let at = line.indexOf("#"); at !== -1; at = line.indexOf("#", at + 1)) {
    let start = at;
    while (start > 0 && isPythonSpace(line[start - 1] as string)) start -= 1;
    if (start < at) return start;
  }
  return -1;
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isPythonSpace(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
}

/** The quote that closes is the first without a backslash before it; where there is none, the last that has one. */
function readQuoted(cursor: Cursor, quote: "'" | '"'): string {
  const { text } = cursor;
  let close = -1;
  for (let at = cursor.at + 1; at < text.length; at += 1) {
    const isEscaped = text[at] === "\\" && text[at + 1] === quote;
    if (isEscaped) at += 1;
    if (text[at] === quote) close = at;
    if (text[at] === quote && !isEscaped) break;
  }
  if (close === -1) throw new Refused("quote");
  const inside = text.slice(cursor.at + 1, close);
  cursor.at = close + 1;
  const escapes = quote === "'" ? /\\([\\'])/g : /\\([\\'"abfnrtv])/g;
  return inside.replace(escapes, (_, character: string) => ESCAPES[character] ?? character);
}

function endLine(cursor: Cursor): void {
  const start = cursor.at;
  pass(cursor, isBlank);
  if (cursor.text[cursor.at] === "#") takeLine(cursor);
  else if (cursor.at < cursor.text.length && cursor.text[cursor.at] !== "\n") {
    cursor.at = start;
    throw new Refused("end");
  }
  cursor.at += 1;
}
