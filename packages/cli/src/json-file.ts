import { readFileSync } from "node:fs";
import { CliError, codeOf } from "./errors.ts";
import { printable } from "./output.ts";

/** Reads the JSON of a file that a flag names. Errors: `CliError` USAGE_OPTION_INVALID. */
export function readJsonFile(file: string, flag: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const why = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
    throw new CliError("USAGE_OPTION_INVALID", printable(`${flag}: ${file} cannot be read as JSON: ${why}`));
  }
}
