/**
 * What a loader makes of a key. `unknown`: it depends on something that is not in the file, such as the process's environment or a program that the file runs.
 * `absent`: the key is named and gets no value.
 */
export type EnvValue =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly why: UnknownReason };

export type UnknownReason = "environment" | "program" | "encoding" | "version" | "expansion";

/** One assignment as a loader reads it. `line` counts from 1 and is where the key stands. */
export type EnvEntry = { readonly key: string; readonly value: EnvValue; readonly line: number };

/** Something that a loader stumbles over. `stops`: it reads nothing behind it. */
export type EnvFault = { readonly line: number; readonly kind: FaultKind; readonly stops: boolean };

export type FaultKind =
  /** A line that is no assignment for this loader; it is left out. */
  | "not-an-assignment"
  /** A quote that is never closed. */
  | "unclosed-quote"
  /** The line runs a program when it is read. */
  | "runs-a-program"
  /** The file is not what the loader takes for text. */
  | "not-text";

/** All of a file, in the order in which the loader assigns: a later assignment of a key replaces an earlier one. */
export type EnvReading = { readonly entries: readonly EnvEntry[]; readonly faults: readonly EnvFault[] };

/** What the process has in its environment before anything is loaded; `undefined` as a whole when nobody knows. */
export type ProcessEnvironment = ReadonlyMap<string, string> | undefined;

/** Reads a file's text the way one loader does. Pure, and never throws: what the loader refuses is a fault. */
export type Dialect = (text: string, environment: ProcessEnvironment) => EnvReading;

export function textValue(text: string): EnvValue {
  return { kind: "text", text };
}

/** The key's last assignment, which is the one that counts. */
export function lastOf(entries: readonly EnvEntry[], key: string): EnvEntry | undefined {
  return entries.findLast((entry) => entry.key === key);
}
