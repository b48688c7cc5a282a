import { readDialect } from "./dialect/table.ts";
import type { EnvFile, EnvTree } from "./env-tree.ts";
import type { EnvFinding } from "./finding.ts";
import type { Trace } from "./trace.ts";

/** A patch in unified form without context, and how much it changes. Its lines hold values: it is for a file that only its owner reads, and for no report. */
export type EnvPatch = { readonly text: string; readonly files: number; readonly lines: number };

/** What becomes of a line; nothing is ever taken away but bytes that no eye sees. */
type Edit = { readonly line: number; readonly change: (text: string) => string };

/**
 * Proposes a patch: byte order marks and carriage returns go, and lines that have no effect become comments: earlier ones of a key that is given twice, and endpoints of stale files that no loader in use takes.
 * Nothing is changed, no line and no file is deleted. Files that are no UTF-8 text, or whose name a patch could not hold, are left out.
 *
 * Apply it in the tree's folder: `git apply --unidiff-zero FILE`, or `patch -p1 -i FILE`.
 */
export function proposeEnvPatch(
  tree: EnvTree,
  { findings, traces }: { findings: readonly EnvFinding[]; traces: readonly Trace[] },
): EnvPatch {
  const patched = [...tree.files.values()].flatMap((file) => {
    const edits = editsOf(file, { findings, traces });
    const hunks = isPatchable(file) ? hunksOf(file.source.text, edits) : [];
    return hunks.length === 0 ? [] : [{ hunks, header: `--- a/${file.path}\n+++ b/${file.path}\n` }];
  });
  return {
    text: patched.map(({ header, hunks }) => header + hunks.join("")).join(""),
    files: patched.length,
    lines: patched.reduce((sum, { hunks }) => sum + hunks.length, 0),
  };
}

function isPatchable({ path, source, isTemplate }: EnvFile): boolean {
  return !isTemplate && source.isUtf8 && !source.text.includes("\0") && !/[\x00-\x1f\x7f"\\]|\s$/.test(path);
}

function editsOf(
  { path, source: { text } }: EnvFile,
  { findings, traces }: { findings: readonly EnvFinding[]; traces: readonly Trace[] },
): readonly Edit[] {
  const edits: Edit[] = [];
  if (text.startsWith("\ufeff")) edits.push({ line: 1, change: (line) => line.replace(/^\ufeff/, "") });
  for (const [index, line] of text.split("\n").entries())
    if (line.endsWith("\r")) edits.push({ line: index + 1, change: (whole) => whole.replace(/\r+$/, "") });
  for (const finding of findings.filter((candidate) => candidate.path === path)) {
    const { kind, key = "", line, others = [] } = finding;
    if (kind === "given-twice" && !isUsedInside(text, key)) {
      for (const other of others)
        if (isWholeLine(text, { line: other.line, key })) edits.push({ line: other.line, change: (whole) => `# ${whole}` });
    }
    if (kind === "stale" && !isTaken({ path, line }, traces) && isWholeLine(text, { line, key }))
      edits.push({ line, change: (whole) => `# ${whole}` });
  }
  return edits;
}

/** Whether a later line of the file fills the key in. */
function isUsedInside(text: string, key: string): boolean {
  return text.includes(`$${key}`) || text.includes(`\${${key}`);
}

/** Whether a line holds exactly one assignment, of this key: a quote that goes on over it would be torn. */
function isWholeLine(text: string, { line, key }: { line: number; key: string }): boolean {
  const { entries, faults } = readDialect("python-dotenv", {
    source: { text: text.split("\n")[line - 1] ?? "", isUtf8: true },
    environment: new Map(),
  });
  return faults.length === 0 && entries.length === 1 && entries[0]?.key.replace("\ufeff", "") === key;
}

function isTaken(place: { path: string; line: number }, traces: readonly Trace[]): boolean {
  return traces.some(
    ({ isAssumed, keys }) => !isAssumed && keys.some(({ winner }) => winner.path === place.path && winner.line === place.line),
  );
}

const NO_NEWLINE = "\\ No newline at end of file\n";

/** One hunk a line, so that each can be taken or left. */
function hunksOf(text: string, edits: readonly Edit[]): readonly string[] {
  const lines = text.split("\n");
  const end = lines.at(-1) === "" ? "" : NO_NEWLINE;
  const byLine = new Map<number, Edit[]>();
  for (const edit of edits) byLine.set(edit.line, [...(byLine.get(edit.line) ?? []), edit]);
  return [...byLine]
    .toSorted(([first], [second]) => first - second)
    .flatMap(([line, changes]) => {
      const before = lines[line - 1] ?? "";
      const after = changes.reduce((whole, { change }) => change(whole), before);
      const last = line === lines.length ? end : "";
      return after === before ? [] : [`@@ -${line} +${line} @@\n-${before}\n${last}+${after}\n${last}`];
    });
}
