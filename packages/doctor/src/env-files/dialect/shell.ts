import { type Cursor, openCursor, take, takeLine } from "./cursor.ts";
import { type Lookup, lookupIn } from "./expand.ts";
import type { Dialect, EnvEntry, EnvFault, EnvValue } from "./reading.ts";
import { isNameCharacter, NotStatic, readShellWord, skipShellBlanks } from "./shell-word.ts";

type State = {
  readonly cursor: Cursor;
  readonly entries: EnvEntry[];
  readonly faults: EnvFault[];
  readonly assigned: Map<string, EnvValue>;
  readonly lookup: Lookup;
};

/**
 * Reads a file as a POSIX shell does that sources it: `set -a; . ./.env`. Assignments override what the process had, a carriage return stays in the value, blanks round `=` make a command of
 * the line. Nothing is run: what only a shell could know is unknown, and where its reading cannot be followed, the rest of the file is left out with a fault.
 *
 * Source: POSIX.1-2017, Shell Command Language; dash 0.5.12 observed.
 */
export const readShell: Dialect = (text, environment) => {
  const assigned = new Map<string, EnvValue>();
  const lookup = lookupIn({ assigned, environment, first: "assigned" });
  const state: State = { cursor: openCursor(text), entries: [], faults: [], assigned, lookup };
  const { cursor, entries, faults } = state;
  while (cursor.at < text.length) {
    skipShellBlanks(cursor);
    const line = cursor.line();
    try {
      readCommand(state);
    } catch (error) {
      if (!(error instanceof NotStatic)) throw error;
      faults.push({ line, kind: error.kind, stops: true });
      break;
    }
  }
  return { entries, faults };
};

/** Reads up to the end of one simple command. */
function readCommand(state: State): void {
  const { cursor } = state;
  const line = cursor.line();
  const first = cursor.text[cursor.at];
  if (first === "#") takeLine(cursor);
  else if (first !== undefined && first !== "\n" && first !== ";") {
    const found = readAssignments(cursor, state.lookup);
    skipShellBlanks(cursor);
    if (found.length === 0 && takeWord(cursor, "export")) return readExport(state);
    if (endsCommand(cursor)) assign(state, { found, line });
    else leaveOut(state, { found, line });
  }
  cursor.at += 1;
}

type Found = readonly { readonly key: string; readonly value: EnvValue }[];

function readAssignments(cursor: Cursor, lookup: Lookup): Found {
  const found: { key: string; value: EnvValue }[] = [];
  for (let key = readName(cursor); key !== undefined; key = readName(cursor)) {
    cursor.at += 1;
    found.push({ key, value: readShellWord(cursor, lookup) });
    skipShellBlanks(cursor);
  }
  return found;
}

/** The name before an `=`, and moves to the `=`. Moves nowhere when there is none. */
function readName(cursor: Cursor): string | undefined {
  const start = cursor.at;
  const name = take(cursor, isNameCharacter);
  if (name !== "" && cursor.text.startsWith("\\\n", cursor.at)) throw new NotStatic("not-an-assignment");
  if (cursor.text[cursor.at] === "=" && /^[A-Za-z_]/.test(name)) return name;
  cursor.at = start;
  return undefined;
}

function takeWord(cursor: Cursor, word: string): boolean {
  const after = cursor.text[cursor.at + word.length] ?? "";
  if (!cursor.text.startsWith(word, cursor.at) || (after !== " " && after !== "\t")) return false;
  cursor.at += word.length;
  skipShellBlanks(cursor);
  return true;
}

/** `export NAME=word NAME …`. Some shells split a word there that an assignment would not split, so one with a variable is unknown. */
function readExport(state: State): void {
  const { cursor } = state;
  const line = cursor.line();
  const found: { key: string; value: EnvValue }[] = [];
  while (!endsCommand(cursor)) {
    const start = cursor.at;
    const [assignment] = readOne(cursor, state.lookup);
    // export is a special built-in: what is no name ends the shell (POSIX.1-2017, Shell Command Language §2.8.1)
    if (assignment === undefined) throw new NotStatic("not-an-assignment");
    const isSplit = assignment.value.kind === "text" && /(?<!\\)\$/.test(cursor.text.slice(start, cursor.at));
    found.push(isSplit ? { key: assignment.key, value: { kind: "unknown", why: "version" } } : assignment);
    skipShellBlanks(cursor);
  }
  assign(state, { found, line });
  cursor.at += 1;
}

function readOne(cursor: Cursor, lookup: Lookup): Found {
  const key = readName(cursor);
  if (key !== undefined) {
    cursor.at += 1;
    return [{ key, value: readShellWord(cursor, lookup) }];
  }
  const name = take(cursor, isNameCharacter);
  return /^[A-Za-z_]/.test(name) ? [{ key: name, value: { kind: "absent" } }] : [];
}

function endsCommand(cursor: Cursor): boolean {
  const next = cursor.text[cursor.at];
  if (next === "#") takeLine(cursor);
  return next === undefined || next === "\n" || next === ";" || next === "#";
}

/** What `export NAME` names is set elsewhere, if anywhere. */
function assign({ entries, assigned }: State, { found, line }: { found: Found; line: number }): void {
  for (const { key, value } of found) {
    if (value.kind === "absent") continue;
    assigned.set(key, value);
    entries.push({ key, value, line });
  }
}

/** A line that runs something. What it assigns, it assigns for that program, or not: nobody knows. A quote or bracket in it makes the rest of the file uncertain. */
function leaveOut(state: State, { found, line }: { found: Found; line: number }): void {
  const rest = takeLine(state.cursor);
  const unknown = found.map(({ key }) => ({ key, value: { kind: "unknown", why: "program" } as const }));
  assign(state, { found: unknown, line });
  if (/["'`\\(){}<]/.test(rest)) throw new NotStatic("runs-a-program");
  state.faults.push({ line, kind: "runs-a-program", stops: false });
}
