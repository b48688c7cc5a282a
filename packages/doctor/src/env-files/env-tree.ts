import type { EnvSource } from "./dialect/table.ts";

/** An env file. `path` is relative to the tree's root, with forward slashes. */
export type EnvFile = {
  readonly path: string;
  readonly source: EnvSource;
  /** When it was last changed, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** A sample for people (`.env.example`): no loader reads it. */
  readonly isTemplate: boolean;
};

/** A file that may say which env files are loaded, and how. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Why something in the tree was not read. */
export type SkipReason = "link-leads-out" | "not-regular" | "too-large" | "unreadable" | "limit";

export type Skipped = { readonly path: string; readonly why: SkipReason };

/** What was found below a folder. Nothing outside of the folder is in it. */
export type EnvTree = {
  /** The folder's real path. */
  readonly root: string;
  readonly files: ReadonlyMap<string, EnvFile>;
  readonly sources: readonly SourceFile[];
  readonly skipped: readonly Skipped[];
};

const TEMPLATE = /\.(?:example|sample|template|tmpl|dist|defaults?)$/i;

/** Whether a file is an env file by its name: `.env`, `.env.NAME`, `NAME.env`. */
export function isEnvName(name: string): boolean {
  return /^\.env(?:\..+)?$/.test(name) || /^.+\.env$/.test(name);
}

export function isTemplateName(name: string): boolean {
  return TEMPLATE.test(name);
}

/** The folder of a path in the tree; the root's is the empty text. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

/** A path in the tree, from a folder in it and a path relative to that. `undefined` when it leads out, or is absolute. */
export function joinInTree(folder: string, path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
