import { readFileSync } from "node:fs";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";
import { readWholeInput } from "./standard-input.ts";

/** Longest environment that is read, in bytes. Linux lets a process have 2 MiB of arguments and environment by default. */
const MAX_ENVIRONMENT_BYTES = 4 * 1024 * 1024;

/**
 * Reads what a process has in its environment, from a file, standard input (`-`) or a running process. `undefined` when none was asked for.
 *
 * Errors: `CliError` DOCTOR_ENVIRONMENT_UNREADABLE, USAGE_OPTION_CONFLICT.
 */
export async function readProcessEnvironment(given: {
  readonly environment?: string;
  readonly pid?: number;
}): Promise<ReadonlyMap<string, string> | undefined> {
  const { environment, pid } = given;
  if (environment !== undefined && pid !== undefined) throw new CliError("USAGE_OPTION_CONFLICT", "Give --environment or --pid, not both");
  if (environment === "-") return parse(await readWholeInput(MAX_ENVIRONMENT_BYTES));
  if (environment !== undefined) return parse(read(environment));
  return pid === undefined ? undefined : parse(read(`/proc/${pid}/environ`));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("DOCTOR_ENVIRONMENT_UNREADABLE", `Cannot read the environment: ${escapeText(why)}`);
  }
}

/** NUL between assignments, as `env -0` and Linux write them, or else line ends. */
function parse(text: string): ReadonlyMap<string, string> {
  const assignments = text.split(text.includes("\0") ? "\0" : /\r?\n/);
  return new Map(
    assignments.flatMap((assignment) => {
      const equals = assignment.indexOf("=");
      return equals < 1 ? [] : [[assignment.slice(0, equals), assignment.slice(equals + 1)] as const];
    }),
  );
}
