import type { DialectName } from "./dialect/table.ts";

/** How much a finding matters: something is wrong or can go wrong without a word; something is worth knowing. */
export type EnvSeverity = "warning" | "note";

export type EnvFindingKind =
  /** Files give a key that says where to connect different values. */
  | "endpoint-differs"
  /** A file gives a key a value that a stronger file hides. */
  | "shadowed"
  /** An older file still has another value for a key that says where to connect. */
  | "stale"
  /** The near file is missing, and the loader takes one further up. */
  | "climbs"
  /** No file was found up to the folder's top, and the loader goes on above it. */
  | "climbs-out"
  /** Which file wins depends on the folder that the process is started in. */
  | "place-decides"
  /** A file that is named is not there. */
  | "file-missing"
  /** What the process has already goes before the file. */
  | "process-wins"
  /** No loader that is used here reads the file, and nothing names it. */
  | "unread"
  /** Loaders read the same line as different values. */
  | "loaders-disagree"
  /** A key is given twice in one file, with different values. */
  | "given-twice"
  | "byte-order-mark"
  | "carriage-returns"
  | "not-text"
  | "not-an-assignment"
  | "unclosed-quote"
  | "runs-a-program"
  | "link-leads-out"
  | "not-regular"
  | "too-large"
  | "unreadable"
  | "limit";

/** A line of a file in the tree. */
export type EnvPlace = { readonly path: string; readonly line: number };

/** Something to know about a tree. It holds no value of any key. */
export type EnvFinding = {
  readonly kind: EnvFindingKind;
  readonly severity: EnvSeverity;
  readonly path: string;
  /** 0: the file as a whole. */
  readonly line: number;
  readonly key?: string;
  /** Other places that belong to it. */
  readonly others?: readonly EnvPlace[];
  /** The loaders that it holds for; absent when it holds for all. */
  readonly loaders?: readonly DialectName[];
};
