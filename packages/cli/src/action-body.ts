import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "./errors.ts";
import { readJsonFile } from "./json-file.ts";
import { parseDuration, switchOption, valueOption } from "./option-values.ts";
import { printable } from "./output.ts";

/** The flags that say what a new security action is: all of it as JSON, or who is denied or let in, in words. */
export type ActionFlags = {
  readonly action?: string;
  readonly range?: readonly string[];
  readonly deny?: number;
  readonly allow?: boolean;
  /** Milliseconds. */
  readonly ttl?: number;
  readonly observe?: boolean;
};

const STATUS = /^[0-9]{3}$/;

/** Adds the flags. */
export function addActionOptions(command: Command): Command {
  return command
    .addOption(valueOption("--action <json-or-file>", "all of it: JSON that starts with {, or a JSON file", "WHEREFROM_ACTION"))
    .addOption(
      valueOption("--range <network>", "whose requests: an address or a network; repeat it", "WHEREFROM_RANGE").argParser(collectRanges),
    )
    .addOption(valueOption("--deny <status>", "answer them with this status, such as 403", "WHEREFROM_DENY").argParser(parseStatus))
    .addOption(switchOption("--allow", "let them in, whatever other actions say", "WHEREFROM_ALLOW"))
    .addOption(valueOption("--ttl <duration>", "for so long: 30s, 15m, 6h, 7d", "WHEREFROM_TTL").argParser(parseDuration))
    .addOption(switchOption("--observe", "only count what it would have decided", "WHEREFROM_OBSERVE"));
}

/**
 * The action that flags say, as the API takes it. The API judges it: a range that is none is told by it, with every other fault.
 *
 * Errors: `CliError` USAGE_OPTION_MISSING when they say none, USAGE_OPTION_CONFLICT when they say two, USAGE_OPTION_INVALID for what is no JSON.
 */
export function readActionBody({ action, ...words }: ActionFlags): unknown {
  const given = namesOf(words);
  if (action === undefined) return inWords(words);
  if (given.length > 0) throw new CliError("USAGE_OPTION_CONFLICT", `--action says all of an action: leave out ${given.join(", ")}`);
  if (!action.trimStart().startsWith("{")) return readJsonFile(action, "--action");
  try {
    return JSON.parse(action);
  } catch (error) {
    throw new CliError("USAGE_OPTION_INVALID", printable(`--action: cannot be read as JSON: ${String(error)}`));
  }
}

type Words = Omit<ActionFlags, "action">;

function inWords({ range, deny, allow, ttl, observe }: Words): unknown {
  if (range === undefined) throw new CliError("USAGE_OPTION_MISSING", "Expected --action, or --range with --deny or --allow");
  if (deny === undefined && !allow) throw new CliError("USAGE_OPTION_MISSING", "--range: expected --deny or --allow beside it");
  if (deny !== undefined && allow) throw new CliError("USAGE_OPTION_CONFLICT", "Expected one of --deny and --allow");
  return {
    state: "ENABLED",
    conditionConfig: { ipAddressRanges: range },
    ...(deny === undefined ? { allow: {} } : { deny: { responseCode: deny } }),
    ...(ttl !== undefined && { ttl: `${ttl / 1_000}s` }),
    ...(observe && { isObserved: true }),
  };
}

function namesOf({ range, deny, allow, ttl, observe }: Words): readonly string[] {
  const isGiven = {
    "--range": range !== undefined,
    "--deny": deny !== undefined,
    "--allow": allow,
    "--ttl": ttl !== undefined,
    "--observe": observe,
  };
  return Object.entries(isGiven).flatMap(([name, given]) => (given ? [name] : []));
}

/** An environment variable holds several ranges with commas between them. */
function collectRanges(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(",").map((range) => range.trim())];
}

function parseStatus(text: string): number {
  if (!STATUS.test(text)) throw new InvalidArgumentError("Expected a status from 400 to 599.");
  return Number(text);
}
