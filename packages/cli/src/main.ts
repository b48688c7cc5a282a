import { readFileSync } from "node:fs";
import type { GatewayError } from "@wherefrom/gateway";
import { Command, CommanderError } from "commander";
import { PolicyError } from "wherefrom";
import { addCommands } from "./command-groups.ts";
import { CliError, codeOf, exitCodes } from "./errors.ts";
import { readSwitches } from "./option-values.ts";
import { openOutput, printable } from "./output.ts";
import { formatPolicyError } from "./policy-text.ts";

const EXAMPLES = `
Examples:
  $ wherefrom up
  $ wherefrom resolve --peer 10.0.0.1 -H 'X-Forwarded-For: 203.0.113.7, 198.51.100.9' --explain
  $ wherefrom lint policy.json
  $ wherefrom env preview prod --policy policy.json --evidence traffic.jsonl
  $ wherefrom resolve --help

Exit codes: 0 ok; 1 findings, or some lines failed; 2 usage; 3 could not run.`;

/** Faults of the parts that are about what the command was given, and not about what it found. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  "CONTROL_NOT_LOOPBACK",
  "CONTROL_NAME_MISSING",
  "CONTROL_ACCESS_OFF",
  "CONTROL_PROXY_INVALID",
  "CONTROL_CERTIFICATE_UNUSABLE",
  "CONTROL_ORGANIZATION_INVALID",
  "CONTROL_DATABASE_UNSUPPORTED",
  "CONTROL_ENVIRONMENT_INVALID",
  "CONTROL_OIDC_INVALID",
  "CONTROL_SNAPSHOT_KEY_UNUSABLE",
  "GATEWAY_CONTROL_URL_INVALID",
  "ENV_FOLDER_UNREADABLE",
  "ENV_FOLDER_REFUSED",
  "LOGS_FORMAT_INVALID",
  "LOGS_FORMAT_UNKNOWN",
  "LOGS_FORMAT_AMBIGUOUS",
  "LOGS_FIELD_INVALID",
  "GATEWAY_LISTENER_INVALID",
  "GATEWAY_CERTIFICATE_UNUSABLE",
  "GATEWAY_FILE_UNREADABLE",
  "GATEWAY_FILE_INVALID",
]);

/**
 * Runs the command line. `argv` holds what stands behind `wherefrom`.
 *
 * Returns the exit code: 0 ok, 1 findings or some lines failed, 2 usage, 3 could not run. It writes to the process's own streams and
 * does not end the process, but for a second signal while a command stops.
 */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const [out, err] = [openOutput(process.stdout), openOutput(process.stderr)];
  const program = createProgram().configureOutput({ writeOut: (text) => void out.write(text), writeErr: (text) => void err.write(text) });
  const exit = (code: number): void => {
    exitCode = code;
  };
  try {
    await addCommands(program, { words: argv, version: readVersion(), exit });
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function createProgram(): Command {
  return new Command("wherefrom")
    .description("One trustworthy, explained answer to: which client is this request from?")
    .version(readVersion())
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", EXAMPLES)
    .enablePositionalOptions() // control and what stands below it have options of the same names
    .showHelpAfterError("Run it with --help for the options and examples")
    .exitOverride()
    .hook("preAction", (_program, command) => readSwitches(command, process.env));
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

/** One line on standard error; a configuration with faults has one more for each of them. Commander has already written its own. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof PolicyError) return complain(formatPolicyError(error), exitCodes.usage);
  if (error instanceof CliError) return complain(`${error.message} [${error.code}]`, error.exitCode);
  const code = codeOf(error);
  const exitCode = code !== undefined && USAGE_CODES.has(code) ? exitCodes.usage : exitCodes.couldNotRun;
  if (hasIssues(error)) return complain(formatIssues(error), exitCode);
  const message = error instanceof Error ? error.message : String(error);
  return complain(`${printable(message)}${code === undefined ? "" : ` [${code}]`}`, exitCode);
}

/** A gateway's fault by its shape: its package is loaded by the commands that run one only. */
function hasIssues(error: unknown): error is GatewayError {
  return error instanceof Error && "headline" in error && ((error as GatewayError).issues ?? []).length > 0;
}

function formatIssues({ headline, code, issues }: GatewayError): string {
  return [`${headline} [${code}]`, ...issues.map(({ message }) => `  ${message}`)].map(printable).join("\n");
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(`${text}\n`);
  return exitCode;
}
