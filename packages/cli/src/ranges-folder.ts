import { statSync } from "node:fs";
import type { RangesFolder, RangesFolderSource } from "@wherefrom/model";
import type { Providers } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { CliError } from "./errors.ts";
import { printable } from "./output.ts";

/**
 * The ranges behind `provider:NAME`: those of the folder's files, and what is built in for all other names; without a folder what is built
 * in. A file that is broken is told on standard error and is no error: its last good copy, or what is built in, stands for it.
 *
 * Errors: `CliError` RANGES_FOLDER_UNUSABLE.
 */
export async function readProviders(folder: string | undefined): Promise<Providers> {
  if (folder === undefined) return ALL_PROVIDERS;
  requireFolder(folder);
  const { withRangeLists } = await loadModel();
  const read = await readFolder(folder);
  warnOfRefused(read);
  return withRangeLists(ALL_PROVIDERS, read.lists);
}

/**
 * The folder as a source that can be read again; `undefined` without one. `others`, by default what is built in, is for names without a file. What is wrong with its files is for whoever reads it to tell.
 *
 * Errors: `CliError` RANGES_FOLDER_UNUSABLE.
 */
export async function openFolder(folder: string | undefined, others: Providers = ALL_PROVIDERS): Promise<RangesFolderSource | undefined> {
  if (folder === undefined) return undefined;
  requireFolder(folder);
  await readFolder(folder);
  const { openRangesFolder } = await loadModel();
  return openRangesFolder(folder, others);
}

/** Refuses a folder that somebody named and that is not there: ranges other than the ones that were meant would be used in silence. */
export function requireFolder(folder: string): void {
  const wayOut = "'wherefrom ranges update' makes one";
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new CliError("RANGES_FOLDER_UNUSABLE", `Expected a folder of range files, given ${printable(folder)}: ${wayOut}`);
}

/** Reads a folder; one that is not there holds no files. Throws `CliError` RANGES_FOLDER_UNUSABLE when it cannot be read. */
export async function readFolder(folder: string): Promise<RangesFolder> {
  const { readRangesFolder } = await loadModel();
  const read = await readRangesFolder(folder);
  const unreadable = read.refused.find(({ file }) => file === folder);
  if (unreadable === undefined) return read;
  throw new CliError("RANGES_FOLDER_UNUSABLE", printable(unreadable.issues.map(({ message }) => message).join("; ")));
}

/** Tells each range file that was not taken, with all reasons. */
export function warnOfRefused({ refused }: RangesFolder): void {
  for (const { file, issues } of refused) {
    for (const { message } of issues) process.stderr.write(`warning: ${printable(`${file} is not used: ${message}`)}\n`);
  }
}

/** Loaded when there is a folder to read: whoever names none would wait for the schemas of everything else. */
function loadModel(): Promise<typeof import("@wherefrom/model")> {
  return import("@wherefrom/model");
}
