import { copyFile, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Providers, RangesSource } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { makeFolder } from "../make-folder.ts";
import { diffRanges, judgeRanges, type RangeDiff } from "./judge-ranges.ts";
import { type RangeIssue, rangeIssue } from "./range-issue.ts";
import {
  formatRangeList,
  isProviderName,
  parseRangeList,
  type RangeList,
  type RangeReading,
  rangeListOf,
  withRangeLists,
} from "./range-list.ts";

/** A range file that was not taken, and why. */
export type RefusedRangeFile = { readonly file: string; readonly issues: readonly RangeIssue[] };

/** What a folder of range files holds. */
export type RangesFolder = { readonly lists: readonly RangeList[]; readonly refused: readonly RefusedRangeFile[] };

/** What an update did. */
export type RangeUpdate =
  | { readonly kind: "updated"; readonly diff: RangeDiff; readonly file: string }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly issues: readonly RangeIssue[] };

/** The list that was in force before the last update stands beside the file under this ending. */
const LAST_GOOD = ".last-good";

/**
 * Reads the range files of a folder: `NAME.json` for `provider:NAME`. A file that is broken is told, and its last good copy is used in its place; a folder
 * that is not there holds none.
 *
 * Errors: none thrown. A file that cannot be read is among those refused.
 */
export async function readRangesFolder(folder: string): Promise<RangesFolder> {
  const names = await listNames(folder);
  if (names.kind === "refused") return { lists: [], refused: [{ file: folder, issues: names.issues }] };
  const readings = await Promise.all(names.names.map((name) => readOrLastGood(folder, name)));
  return { lists: readings.flatMap(({ list }) => list ?? []), refused: readings.flatMap(({ refused }) => refused) };
}

/**
 * Puts a new list in force, if it is plausible beside the current one: the file is written whole under another name, flushed, and renamed, so a reader or a
 * crash finds the old list or the new. What was in force is kept as the last good one.
 *
 * Errors: none thrown. A list or a disk that does not do leaves everything as it was.
 */
export async function updateRanges(folder: string, candidate: RangeList): Promise<RangeUpdate> {
  const builtIn = ALL_PROVIDERS.get(candidate.provider);
  if (builtIn?.isFixed === true) {
    return {
      kind: "refused",
      issues: [rangeIssue("RANGES_PROVIDER_FIXED", `A standard fixes the ranges of provider:${candidate.provider}`)],
    };
  }
  const checked = parseRangeList(candidate);
  if (checked.kind === "refused") return checked;
  const { list: stored } = await readOrLastGood(folder, candidate.provider);
  const current = stored ?? (builtIn && rangeListOf(candidate.provider, builtIn));
  const issues = judgeRanges(checked.list, current);
  if (issues.length > 0) return { kind: "refused", issues };
  const diff = diffRanges(current?.prefixes ?? [], checked.list.prefixes);
  if (stored !== undefined && formatRangeList(stored) === formatRangeList(checked.list)) return { kind: "unchanged" };
  return write(folder, checked.list, diff);
}

/** Ranges that are read from a folder again when they are asked to, and stay as they are when that fails: for `createLiveResolver`. */
export type RangesFolderSource = RangesSource & {
  /** Reads the folder again. Never rejects; a provider whose files are broken or gone keeps the ranges it had. `current` gives another map only if something changed. */
  reload(): Promise<readonly RefusedRangeFile[]>;
};

/** Opens a folder of range files as a source. `others`, by default what is built in, stands for every provider that has no file. */
export async function openRangesFolder(folder: string, others: Providers = ALL_PROVIDERS): Promise<RangesFolderSource> {
  let providers = others;
  let seen = "[]";
  const source: RangesFolderSource = {
    current: () => providers,
    async reload() {
      const { lists, refused } = await readRangesFolder(folder);
      const text = JSON.stringify(lists);
      if (text !== seen) providers = withRangeLists(providers, lists);
      seen = text;
      return refused;
    },
  };
  await source.reload();
  return source;
}

async function listNames(
  folder: string,
): Promise<{ kind: "names"; names: readonly string[] } | { kind: "refused"; issues: readonly RangeIssue[] }> {
  try {
    const files = (await readdir(folder)).filter((file) => file.endsWith(".json") || file.endsWith(`.json${LAST_GOOD}`));
    const names = new Set(files.map((file) => file.slice(0, file.indexOf(".json"))));
    return { kind: "names", names: [...names].filter((name) => isProviderName(name) && ALL_PROVIDERS.get(name)?.isFixed !== true).sort() };
  } catch (error) {
    return isAbsent(error) ? { kind: "names", names: [] } : { kind: "refused", issues: [unreadable(folder, error)] };
  }
}

async function readOrLastGood(
  folder: string,
  name: string,
): Promise<{ list: RangeList | undefined; refused: readonly RefusedRangeFile[] }> {
  const file = join(folder, `${name}.json`);
  const read = await readList(file, name);
  if (read?.kind === "ranges") return { list: read.list, refused: [] };
  const lastGood = await readList(`${file}${LAST_GOOD}`, name);
  const refused = read === undefined ? [] : [{ file, issues: read.issues }];
  return { list: lastGood?.kind === "ranges" ? lastGood.list : undefined, refused };
}

/** `undefined` when there is no such file. */
async function readList(file: string, name: string): Promise<RangeReading | undefined> {
  try {
    const reading = parseRangeList(JSON.parse(await readFile(file, "utf8")));
    if (reading.kind === "refused") return reading;
    const message = `Expected the ranges of ${name}, received those of ${reading.list.provider}`;
    if (reading.list.provider !== name) return { kind: "refused", issues: [rangeIssue("RANGES_NOT_A_LIST", message)] };
    const issues = judgeRanges(reading.list, undefined);
    return issues.length === 0 ? reading : { kind: "refused", issues };
  } catch (error) {
    return isAbsent(error) ? undefined : { kind: "refused", issues: [unreadable(file, error)] };
  }
}

async function write(folder: string, list: RangeList, diff: RangeDiff): Promise<RangeUpdate> {
  const file = join(folder, `${list.provider}.json`);
  const fresh = `${file}.${process.pid}.new`;
  try {
    makeFolder(folder);
    await writeWhole(fresh, formatRangeList(list));
    const isGood = (await readList(file, list.provider))?.kind === "ranges";
    if (isGood) {
      await copyFile(file, `${fresh}${LAST_GOOD}`);
      await rename(`${fresh}${LAST_GOOD}`, `${file}${LAST_GOOD}`);
    }
    await rename(fresh, file);
    return { kind: "updated", diff, file };
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    return { kind: "refused", issues: [rangeIssue("RANGES_FILE_UNWRITABLE", `${file} could not be written: ${messageOf(error)}`)] };
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const handle = await open(path, "w", 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, error: unknown): RangeIssue {
  return rangeIssue("RANGES_FILE_UNREADABLE", `${file} could not be read: ${messageOf(error)}`);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
