import { type Cursor, pass, take } from "./cursor.ts";
import type { Lookup } from "./expand.ts";
import type { EnvValue, UnknownReason } from "./reading.ts";

/** A word that cannot be followed to its end without being a shell. Nothing behind it is certain. */
export class NotStatic extends Error {
  override readonly name = "NotStatic";
  readonly kind: "unclosed-quote" | "runs-a-program" | "not-an-assignment";

  constructor(kind: NotStatic["kind"]) {
    super(kind);
    this.kind = kind;
  }
}

const ENDS_WORD = " \t\n;&|<>()";

/** One character of a shell name (POSIX.1-2017 §3.235). */
export function isNameCharacter(character: string): boolean {
  return /[A-Za-z0-9_]/.test(character);
}

type Pieces = { text: string; why: UnknownReason | undefined };

/**
 * Reads a word of a shell assignment: quotes, backslashes, and variables in their simple forms. A program in it makes it unreadable.
 *
 * Source: POSIX.1-2017, Shell Command Language §2.2, §2.6.
 */
export function readShellWord(cursor: Cursor, lookup: Lookup): EnvValue {
  const pieces: Pieces = { text: "", why: undefined };
  while (cursor.at < cursor.text.length && !ENDS_WORD.includes(cursor.text[cursor.at] as string)) {
    const character = cursor.text[cursor.at++] as string;
    if (character === "'") pieces.text += takeSingleQuoted(cursor);
    else if (character === '"') readDoubleQuoted(cursor, { lookup, pieces });
    else if (character === "\\") pieces.text += takeEscaped(cursor);
    else if (character === "$") readVariable(cursor, { lookup, pieces });
    else if (character === "`") throw new NotStatic("runs-a-program");
    else {
      if (character === "~" && (pieces.text === "" || pieces.text.endsWith(":"))) pieces.why ??= "environment";
      pieces.text += character;
    }
  }
  return pieces.why === undefined ? { kind: "text", text: pieces.text } : { kind: "unknown", why: pieces.why };
}

type Filling = { readonly lookup: Lookup; readonly pieces: Pieces };

function takeSingleQuoted(cursor: Cursor): string {
  const inside = take(cursor, (character) => character !== "'");
  if (cursor.at >= cursor.text.length) throw new NotStatic("unclosed-quote");
  cursor.at += 1;
  return inside;
}

function readDoubleQuoted(cursor: Cursor, { lookup, pieces }: Filling): void {
  for (;;) {
    const character = cursor.text[cursor.at++];
    if (character === undefined) throw new NotStatic("unclosed-quote");
    if (character === '"') return;
    if (character === "`") throw new NotStatic("runs-a-program");
    if (character === "$") readVariable(cursor, { lookup, pieces });
    else if (character !== "\\") pieces.text += character;
    else if ('$`"\\\n'.includes(cursor.text[cursor.at] ?? "x")) pieces.text += takeEscaped(cursor);
    else pieces.text += "\\";
  }
}

/** What stands behind a backslash. A line end behind it is none. */
function takeEscaped(cursor: Cursor): string {
  if (cursor.at >= cursor.text.length) return "\\";
  const character = cursor.text[cursor.at++] as string;
  return character === "\n" ? "" : character;
}

const BRACED = /\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^{}$`"'\\~]*))?\}/y;

function readVariable(cursor: Cursor, { lookup, pieces }: Filling): void {
  const next = cursor.text[cursor.at] ?? "";
  if (next === "(") throw new NotStatic("runs-a-program");
  BRACED.lastIndex = cursor.at;
  const braced = next === "{" ? BRACED.exec(cursor.text) : null;
  if (next === "{" && braced === null) throw new NotStatic("runs-a-program");
  if (braced !== null) {
    cursor.at += braced[0].length;
    return fill(braced[1] ?? "", { operator: braced[2], fallback: braced[3] ?? "" });
  }
  if (/[A-Za-z_]/.test(next)) return fill(take(cursor, isNameCharacter), { operator: undefined, fallback: "" });
  // $1, $?, $$ and their like belong to the shell that reads the file
  if (/[0-9@*#?$!-]/.test(next)) {
    cursor.at += 1;
    pieces.why ??= "environment";
    return;
  }
  pieces.text += "$";

  function fill(name: string, { operator, fallback }: { operator: string | undefined; fallback: string }): void {
    const value = lookup(name);
    if (value === undefined) pieces.why ??= "environment";
    const isMissing = value === null || (operator === ":-" && value === "");
    pieces.text += isMissing ? fallback : (value ?? "");
  }
}

/** Moves over blanks, and over line ends that a backslash takes away. */
export function skipShellBlanks(cursor: Cursor): void {
  for (;;) {
    pass(cursor, (character) => character === " " || character === "\t");
    if (!cursor.text.startsWith("\\\n", cursor.at)) return;
    cursor.at += 2;
  }
}
