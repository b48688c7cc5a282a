import { type AdvisedPolicy, reachesSeverity, toGithubAnnotations, toSarif, toText } from "@wherefrom/model/advisory-report";
import { type Command, InvalidArgumentError } from "commander";
import type { AdvisoryContext, Severity } from "wherefrom";
import { CliError, exitCodes } from "../errors.ts";
import { lintPolicies, STANDARD_INPUT } from "../lint-policies.ts";
import { parseDays, switchOption, valueOption } from "../option-values.ts";
import { openOutput, printableJson } from "../output.ts";
import { readProviders } from "../ranges-folder.ts";
import { readSuppressions } from "../suppressions.ts";

/** Version of the shape that `--format json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const FORMATS = ["text", "json", "sarif", "github"] as const;
const FAIL_ON = ["error", "warning", "note", "never"] as const;

/** RFC 9110 §5.1: a field name is a token. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const EXAMPLES = `
Examples:
  $ wherefrom lint policy.json
  $ wherefrom lint '{"headerIndexAlgorithm":{"ipHeaderName":"X-Forwarded-For","ipHeaderIndex":0}}'
  $ wherefrom lint --fail-on warning --suppressions accepted.json --format github policies/*.json
  $ wherefrom lint --format sarif policies/*.json > wherefrom.sarif
  $ jq .clientIpResolutionConfig environment.json | wherefrom lint -

A suppression is {"code", "pointer" (optional), "reason", "until": "YYYY-MM-DD"}; --suppressions takes a JSON list of them.

Exit codes: 0 nothing as bad as --fail-on; 1 advisories as bad as that, or worse; 2 usage, or a policy that is not valid; 3 could not run.`;

type LintOptions = {
  readonly policy?: string;
  readonly failOn: (typeof FAIL_ON)[number];
  readonly format: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly suppressions?: string;
  readonly maxAgeDays?: number;
  readonly emits?: readonly string[];
  readonly ranges?: string;
};

type LintSetup = { readonly version: string; readonly exit: (code: number) => void };

/** Adds `wherefrom lint`: what valid policies allow that their authors may not have meant. It opens no socket. */
export function addLintCommand(program: Command, { version, exit }: LintSetup): void {
  program
    .command("lint")
    .description("Say what a policy allows that its author may not have meant")
    .argument("[policies...]", "policy files, JSON that starts with {, or - for standard input")
    .addOption(valueOption("--policy <json-or-file>", "the policy, when none is given as an argument", "WHEREFROM_POLICY"))
    .addOption(
      valueOption("--fail-on <severity>", "how bad an advisory must be for exit code 1", "WHEREFROM_FAIL_ON")
        .choices(FAIL_ON)
        .default("error"),
    )
    .addOption(valueOption("--format <format>", "how to write the advisories", "WHEREFROM_FORMAT").choices(FORMATS).default("text"))
    .addOption(switchOption("--json", "the same as --format json", "WHEREFROM_JSON"))
    .addOption(valueOption("--suppressions <file>", "advisories that are accepted until a day: a JSON file", "WHEREFROM_SUPPRESSIONS"))
    .addOption(
      valueOption("--max-age-days <days>", "how old a provider's ranges may be (180)", "WHEREFROM_MAX_AGE_DAYS").argParser(parseDays),
    )
    .addOption(
      valueOption("--emits <name>", "a header that the service sends on; repeat it, or separate by commas", "WHEREFROM_EMITS").argParser(
        collectNames,
      ),
    )
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addHelpText("after", EXAMPLES)
    .action(async (policies: readonly string[], options: LintOptions, command: Command) => {
      const given = givenPolicies(policies, { options, command });
      const format = formatOf(options, command);
      const linted = await lintPolicies(given, await contextOf(options));
      if (linted.kind === "refused") {
        process.stderr.write(`${linted.lines.join("\n")}\n`);
        return exit(exitCodes.usage);
      }
      const output = openOutput(process.stdout);
      await output.write(report(linted.policies, { format, version }));
      await output.finish();
      exit(isFailure(linted.policies, options.failOn) ? exitCodes.findings : exitCodes.ok);
    });
}

function collectNames(given: string, earlier: readonly string[] | undefined): readonly string[] {
  const names = given.split(",").map((name) => name.trim());
  if (!names.every((name) => FIELD_NAME.test(name))) throw new InvalidArgumentError("Expected names of headers, separated by commas.");
  return [...(earlier ?? []), ...names];
}

/** Arguments go before the environment variable, as a flag does. */
function givenPolicies(
  policies: readonly string[],
  { options: { policy }, command }: { options: LintOptions; command: Command },
): readonly string[] {
  if (policies.length > 0 && command.getOptionValueSource("policy") === "cli") {
    throw new CliError("USAGE_OPTION_CONFLICT", "Give policies as arguments or by --policy, not both");
  }
  const given = policies.length > 0 || policy === undefined ? policies : [policy];
  if (given.length === 0)
    throw new CliError("USAGE_OPTION_MISSING", "Give a policy: a file, JSON that starts with {, or - for standard input");
  if (given.filter((source) => source === STANDARD_INPUT).length > 1) {
    throw new CliError("USAGE_OPTION_CONFLICT", "Standard input (-) can be read once");
  }
  return given;
}

function formatOf({ format, json }: LintOptions, command: Command): LintOptions["format"] {
  if (json !== true) return format;
  if (command.getOptionValueSource("format") !== "cli" || format === "json") return "json";
  if (command.getOptionValueSource("json") === "env") return format;
  throw new CliError("USAGE_OPTION_CONFLICT", `--json is --format json: leave out --format ${format}`);
}

async function contextOf({ suppressions, maxAgeDays, emits, ranges }: LintOptions): Promise<AdvisoryContext> {
  return {
    now: new Date().toISOString(),
    providers: await readProviders(ranges),
    ...(maxAgeDays !== undefined && { maxAgeDays }),
    ...(emits !== undefined && { emittedHeaders: emits }),
    ...(suppressions !== undefined && { suppressions: readSuppressions(suppressions) }),
  };
}

function report(policies: readonly AdvisedPolicy[], { format, version }: { format: LintOptions["format"]; version: string }): string {
  switch (format) {
    case "text":
      return toText(policies);
    case "github":
      return toGithubAnnotations(policies);
    case "sarif":
      return `${printableJson(toSarif(policies, { version }), 2)}\n`;
    case "json":
      return `${printableJson({ version: JSON_VERSION, policies: policies.map(({ file, advisories }) => ({ file, advisories })) })}\n`;
  }
}

function isFailure(policies: readonly AdvisedPolicy[], failOn: Severity | "never"): boolean {
  return failOn !== "never" && reachesSeverity(policies, failOn);
}
