import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

type WrittenFile = string | { readonly text: string; readonly modified: string };

/** A folder with env files, and what has to be said of it. */
export type TreeCase = {
  readonly name: string;
  readonly files: Readonly<Record<string, WrittenFile>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly mode?: string;
  /** «loader place key», with «@path:line» of the usage where a loader is used twice, to «path:line» or «process». */
  readonly winners: Readonly<Record<string, string>>;
  /** All warnings, as «kind path:line key». */
  readonly warnings: readonly string[];
  /** Some of the notes. */
  readonly notes?: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
};

/** A folder of its own with these files. All are of the same day unless they say otherwise. */
export function layTree({ files, links = {} }: Pick<TreeCase, "files" | "links">): { readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "wherefrom-tree-"));
  for (const [path, written] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof written === "string" ? written : written.text);
    const modified = new Date(typeof written === "string" ? "2024-06-01T00:00:00Z" : written.modified);
    utimesSync(file, modified, modified);
  }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  return { root, remove: () => rmSync(root, { recursive: true }) };
}
