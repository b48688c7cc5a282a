import { readFileSync } from "node:fs";
import type { Option } from "commander";
import { CliError, codeOf } from "./errors.ts";
import { valueOption } from "./option-values.ts";
import { printable } from "./output.ts";
import { readWholeInput } from "./standard-input.ts";

const MAX_TOKEN_BYTES = 16_384;
const TOKEN = /^[\x21-\x7e]+$/;

/** Never the token as an argument: every user of the machine can read the arguments of a process. */
export function tokenFileOption(description: string): Option {
  return valueOption("--token-file <file>", description, "WHEREFROM_TOKEN_FILE");
}

/** Reads a token from a file, or from standard input (`-`). Errors: `CliError` USAGE_OPTION_INVALID. */
export async function readToken(file: string): Promise<string> {
  return file === "-" ? tokenIn(await readWholeInput(MAX_TOKEN_BYTES), "--token-file") : readTokenFile(file, "--token-file");
}

/** Reads a token from a file that the flag names. Errors: `CliError` USAGE_OPTION_INVALID. */
export function readTokenFile(file: string, flag: string): string {
  try {
    return tokenIn(readFileSync(file, "utf8"), flag);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("USAGE_OPTION_INVALID", printable(`${flag}: ${file} cannot be read: ${codeOf(error) ?? String(error)}`));
  }
}

function tokenIn(text: string, flag: string): string {
  const token = text.trim();
  if (token.length <= MAX_TOKEN_BYTES && TOKEN.test(token)) return token;
  throw new CliError("USAGE_OPTION_INVALID", `${flag}: expected one token of printable ASCII without spaces`);
}
