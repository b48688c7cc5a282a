import {
  diffRanges,
  isProviderName,
  judgeRanges,
  type RangeDiff,
  type RangeIssue,
  type RangeList,
  rangeListOf,
  updateRanges,
} from "@wherefrom/model";
import type { Command } from "commander";
import { escapeText } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { readCandidate } from "../candidate-list.ts";
import { CliError, exitCodes } from "../errors.ts";
import { parseDays, switchOption, valueOption } from "../option-values.ts";
import { openOutput, printable, printableJson } from "../output.ts";
import { printRangeRows, rangeRows } from "../range-rows.ts";
import { readFolder, requireFolder, warnOfRefused } from "../ranges-folder.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const DEFAULT_FOLDER = "./data/ranges";
/** The library's own: see `AdvisoryContext`. */
const DEFAULT_MAX_AGE_DAYS = 180;

const EXAMPLES = `
Examples:
  $ wherefrom ranges list
  $ wherefrom ranges diff cloudflare cloudflare.txt
  $ wherefrom ranges update fastly --from https://api.fastly.com/public-ip-list
  $ wherefrom resolve --ranges ./data/ranges --policy policy.json --peer 10.0.0.1`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom ranges list
  $ wherefrom ranges list --json --max-age-days 30

Exit codes: 0 also when ranges are stale; 1 a range file is broken; 2 usage; 3 could not run.`;

const DIFF_EXAMPLES = `
Examples:
  $ wherefrom ranges diff cloudflare cloudflare.txt
  $ wherefrom ranges diff cloudfront ip-ranges.json --json

Exit codes: 0 the same; 1 another list, or one that update would refuse; 2 usage; 3 could not run.`;

const UPDATE_EXAMPLES = `
Examples:
  $ wherefrom ranges update fastly --from https://api.fastly.com/public-ip-list
  $ wherefrom ranges update cloudflare --from cloudflare.txt --folder /var/lib/wherefrom/ranges

Exit codes: 0 in force now, or already; 1 refused, and what was in force still is; 2 usage; 3 could not run.`;

type Exit = (code: number) => void;
type RangesOptions = { readonly folder: string; readonly json?: boolean };
type ListOptions = RangesOptions & { readonly maxAgeDays: number };
type UpdateOptions = RangesOptions & { readonly from: string };

/** Adds `wherefrom ranges`: what `provider:NAME` means, and how it is kept up to date. */
export function addRangesCommand(program: Command, exit: Exit): void {
  const ranges = program
    .command("ranges")
    .description("Show and update the ranges that provider:NAME means")
    .addHelpText("after", EXAMPLES);
  const add = (name: string, description: string): Command =>
    ranges
      .command(name)
      .description(description)
      .addOption(valueOption("--folder <dir>", "the folder of range files", "WHEREFROM_RANGES").default(DEFAULT_FOLDER))
      .addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON"));
  add("list", "Show what is in force for each provider, and how old it is")
    .addOption(
      valueOption("--max-age-days <days>", "how old ranges may be", "WHEREFROM_MAX_AGE_DAYS")
        .argParser(parseDays)
        .default(DEFAULT_MAX_AGE_DAYS),
    )
    .addHelpText("after", LIST_EXAMPLES)
    .action(async (options: ListOptions, command: Command) => exit(await list(options, command)));
  add("diff", "Compare a list with what is in force")
    .argument("<name>", "the NAME of provider:NAME")
    .argument("<file-or-url>", "a list as the provider publishes it, or a range file")
    .addHelpText("after", DIFF_EXAMPLES)
    .action(async (name: string, from: string, options: RangesOptions, command: Command) =>
      exit(await diff({ name: checkedName(name), from, options, command })),
    );
  add("update", "Put a list in force, if it is plausible beside the one that is")
    .argument("<name>", "the NAME of provider:NAME")
    .addOption(
      valueOption(
        "--from <file-or-url>",
        "a list as the provider publishes it, or a range file",
        "WHEREFROM_RANGES_FROM",
      ).makeOptionMandatory(),
    )
    .addHelpText("after", UPDATE_EXAMPLES)
    .action(async (name: string, options: UpdateOptions) => exit(await update(checkedName(name), options)));
}

function checkedName(name: string): string {
  if (!isProviderName(name)) {
    throw new CliError("USAGE_OPTION_INVALID", `NAME: expected lower-case letters, digits and hyphens, given '${escapeText(name, 80)}'`);
  }
  if (ALL_PROVIDERS.get(name)?.isFixed !== true) return name;
  throw new CliError("USAGE_OPTION_INVALID", `NAME: a standard fixes the ranges of provider:${name}, so they are never updated`);
}

async function list({ folder, json, maxAgeDays }: ListOptions, command: Command): Promise<number> {
  const read = await readNamedFolder(folder, command);
  const rows = rangeRows(read.lists, { nowMs: Date.now(), maxAgeDays });
  await print(json === true ? printableJson({ version: JSON_VERSION, folder, providers: rows }) : printRangeRows(rows));
  return read.refused.length === 0 ? exitCodes.ok : exitCodes.findings;
}

type DiffCall = { readonly name: string; readonly from: string; readonly options: RangesOptions; readonly command: Command };

async function diff({ name, from, options: { folder, json }, command }: DiffCall): Promise<number> {
  const read = await readNamedFolder(folder, command);
  const builtIn = ALL_PROVIDERS.get(name);
  const current = read.lists.find(({ provider }) => provider === name) ?? (builtIn && rangeListOf(name, builtIn));
  const candidate = await readCandidate(name, from);
  if (candidate.kind === "refused") return refuse(name, candidate.issues);
  const issues = judgeRanges(candidate.list, current);
  const found = diffRanges(current?.prefixes ?? [], candidate.list.prefixes);
  await print(json === true ? printableJson({ version: JSON_VERSION, provider: name, ...found, issues }) : printDiff(found));
  for (const { message } of issues) process.stderr.write(`An update would be refused: ${printable(message)}\n`);
  return issues.length === 0 && isSame(found) ? exitCodes.ok : exitCodes.findings;
}

async function update(name: string, { folder, from, json }: UpdateOptions): Promise<number> {
  const candidate = await readCandidate(name, from);
  if (candidate.kind === "refused") return refuse(name, candidate.issues);
  const done = await updateRanges(folder, candidate.list);
  switch (done.kind) {
    case "refused":
      return refuse(name, done.issues);
    case "unchanged":
      await print(json === true ? updateJson(candidate.list, done) : `provider:${name} is unchanged`);
      return exitCodes.ok;
    case "updated":
      await print(
        json === true ? updateJson(candidate.list, done) : `${printDiff(done.diff)}\nprovider:${name} is now ${printable(done.file)}`,
      );
      return exitCodes.ok;
  }
}

function updateJson({ provider, retrievedAt, sha256 }: RangeList, done: object): string {
  return printableJson({ version: JSON_VERSION, provider, retrievedAt, sha256, ...done });
}

/** Tells all reasons. A disk that cannot be written is no fault of the list. */
function refuse(name: string, issues: readonly RangeIssue[]): number {
  const lines = issues.map(({ message }) => `  ${printable(message)}`);
  process.stderr.write(`The list for provider:${name} is refused; what is in force stays\n${lines.join("\n")}\n`);
  return issues.some(({ code }) => code === "RANGES_FILE_UNWRITABLE") ? exitCodes.couldNotRun : exitCodes.findings;
}

function printDiff({ added, removed, keptCount }: RangeDiff): string {
  const lines = [...removed.map((text) => `- ${text}`), ...added.map((text) => `+ ${text}`)];
  return [...lines, `${added.length} added, ${removed.length} removed, ${keptCount} kept`].join("\n");
}

function isSame({ added, removed }: RangeDiff): boolean {
  return added.length === 0 && removed.length === 0;
}

/** The folder may be missing only when nobody named it. */
async function readNamedFolder(folder: string, command: Command): ReturnType<typeof readFolder> {
  if (command.getOptionValueSource("folder") !== "default") requireFolder(folder);
  const read = await readFolder(folder);
  warnOfRefused(read);
  return read;
}

async function print(text: string): Promise<void> {
  const output = openOutput(process.stdout);
  await output.write(`${text}\n`);
  await output.finish();
}
