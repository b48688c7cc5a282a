import type { EnvEntry, EnvValue } from "./dialect/reading.ts";
import { DIALECT_NAMES, type DialectName, readDialect } from "./dialect/table.ts";
import type { EnvFile } from "./env-tree.ts";
import type { EnvFinding } from "./finding.ts";

/** A file, and the loaders that were found to read it: none when nobody knows. */
export type ReadFile = { readonly file: EnvFile; readonly readers: readonly DialectName[] };

/** Loaders that take a byte order mark for a part of the first key. */
const MARK_COUNTS: ReadonlySet<DialectName> = new Set<DialectName>([
  "python-dotenv",
  "pydantic-settings",
  "node",
  "vite",
  "systemd",
  "shell",
]);
/** Loaders that leave a carriage return in the value. */
const RETURN_STAYS: ReadonlySet<DialectName> = new Set<DialectName>(["shell"]);

/** What is odd in a file by itself: its bytes, its lines, and what loaders make of them. */
export function judgeFile({ file, readers }: ReadFile): readonly EnvFinding[] {
  const { path, source } = file;
  const asked = readers.length > 0 ? readers : DIALECT_NAMES;
  const readings = asked.map((name) => ({ name, ...readDialect(name, { source, environment: undefined }) }));
  const whole = { path, line: 0, severity: "warning" } as const;
  const severityOf = (hurt: ReadonlySet<DialectName>): EnvFinding["severity"] =>
    asked.some((name) => hurt.has(name)) ? "warning" : "note";
  if (source.text.includes("\0")) return [{ ...whole, kind: "not-text" }];
  return [
    ...(source.text.startsWith("\ufeff")
      ? [{ ...whole, kind: "byte-order-mark", line: 1, severity: severityOf(MARK_COUNTS) } as const]
      : []),
    ...(source.text.includes("\r") ? [{ ...whole, kind: "carriage-returns", severity: severityOf(RETURN_STAYS) } as const] : []),
    ...(source.isUtf8 ? [] : [{ ...whole, kind: "not-text" } as const]),
    ...judgeLines(path, readings),
    ...judgeRepeats(path, readings),
    // that loaders which nobody uses would disagree is worth a note
    ...judgeDisagreement(path, { readings, severity: readers.length > 1 ? "warning" : "note" }),
  ];
}

type NamedReading = ReturnType<typeof readDialect> & { readonly name: DialectName };

/** Lines that a loader leaves out or stops at. Those that only some refuse are told with their names. */
function judgeLines(path: string, readings: readonly NamedReading[]): readonly EnvFinding[] {
  const found = new Map<string, { finding: EnvFinding; loaders: DialectName[] }>();
  for (const { name, faults } of readings) {
    for (const { line, kind } of faults) {
      if (kind === "not-text") continue;
      const known = found.get(`${line} ${kind}`) ?? { finding: { kind, severity: "warning", path, line }, loaders: [] };
      known.loaders.push(name);
      found.set(`${line} ${kind}`, known);
    }
  }
  return [...found.values()].map(({ finding, loaders }) =>
    loaders.length === readings.length ? finding : { ...finding, severity: "note", loaders },
  );
}

/** A key that is given twice with different values, by the first loader that reads it so. */
function judgeRepeats(path: string, readings: readonly NamedReading[]): readonly EnvFinding[] {
  const found = new Map<string, EnvFinding>();
  for (const { entries } of readings) {
    for (const [key, given] of groupByKey(entries)) {
      const [last, ...earlier] = given.toReversed();
      if (last === undefined || found.has(key) || new Set(given.map(({ value }) => JSON.stringify(value))).size < 2) continue;
      found.set(key, {
        kind: "given-twice",
        severity: "warning",
        path,
        line: last.line,
        key,
        others: earlier.map(({ line }) => ({ path, line })),
      });
    }
  }
  return [...found.values()];
}

type Disagreement = { readonly readings: readonly NamedReading[]; readonly severity: EnvFinding["severity"] };

/** Keys that come to different values. What a loader would need the process's environment for is left out: it is not the line's fault. */
function judgeDisagreement(path: string, { readings, severity }: Disagreement): readonly EnvFinding[] {
  const values = new Map<string, { line: number; byValue: Map<string, DialectName[]> }>();
  for (const { name, entries } of readings) {
    for (const [key, given] of groupByKey(entries)) {
      const last = given.at(-1);
      if (last === undefined || !isComparable(last.value)) continue;
      const known = values.get(key) ?? { line: last.line, byValue: new Map<string, DialectName[]>() };
      const text = JSON.stringify(last.value);
      known.byValue.set(text, [...(known.byValue.get(text) ?? []), name]);
      values.set(key, known);
    }
  }
  return [...values].flatMap(([key, { line, byValue }]) => {
    if (byValue.size < 2) return [];
    // the smaller groups are the ones to look out for
    const [, ...fewer] = [...byValue.values()].toSorted((first, second) => second.length - first.length);
    return [{ kind: "loaders-disagree", severity, path, line, key, loaders: fewer.flat() } as const];
  });
}

function isComparable(value: EnvValue): boolean {
  return value.kind === "text";
}

function groupByKey(entries: readonly EnvEntry[]): ReadonlyMap<string, readonly EnvEntry[]> {
  const groups = new Map<string, EnvEntry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.key) ?? [];
    group.push(entry);
    groups.set(entry.key, group);
  }
  return groups;
}
