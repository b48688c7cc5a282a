import { CONFIG_LIMITS } from "./limits.ts";
import type { Include, Place, SkippedWhy, SourceText } from "./source.ts";
import { type Notes, note } from "./statement.ts";

type Including = {
  readonly include: Include;
  readonly notes: Notes;
  /** What includes them. */
  readonly place: Place;
  /** Whether it is no fault that they are not there. */
  readonly isOptional?: boolean;
};

/** The files that a pattern names, in their order. Those that are not read are noted, with what was expected of them. */
export function includedFiles(pattern: string, { include, notes, place, isOptional = false }: Including): readonly SourceText[] {
  const { files, skipped } = include(pattern);
  for (const { name: given, why } of skipped)
    if (!(isOptional && why === "not-there")) note(notes, place, { code: "CONFIG_INCLUDE_UNREAD", expected: EXPECTED[why], given });
  return files;
}

const EXPECTED: Readonly<Record<SkippedWhy, string>> = {
  "not-there": "a file that is there",
  "outside-root": "a file below the root, which --root names",
  "not-regular": "a regular file",
  "too-large": `a file of at most ${CONFIG_LIMITS.maxFileBytes} bytes`,
  unreadable: "a file that can be read",
  "too-many": `at most ${CONFIG_LIMITS.maxFiles} files, of ${CONFIG_LIMITS.maxIncludedBytes} bytes together`,
};
