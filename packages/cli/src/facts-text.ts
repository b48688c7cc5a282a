import { readFileSync } from "node:fs";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";
import { readWholeInput } from "./standard-input.ts";

/** Longest text of facts that is read, in bytes. All signals there are take a few kilobytes. */
const MAX_FACTS_BYTES = 1024 * 1024;

/** Parsed facts and where they stand, as a message names it. */
export type FactsJson = { readonly json: unknown; readonly where: string };

/**
 * Reads facts from what `--facts` was given: standard input for `-`, JSON when it starts with `{`, else the path of a JSON file. Does not judge them.
 *
 * Errors: `CliError` DOCTOR_FACTS_UNREADABLE, DOCTOR_FACTS_NOT_JSON, and those of reading standard input.
 */
export async function readFactsJson(given: string): Promise<FactsJson> {
  if (given === "-") return { json: parse(await readWholeInput(MAX_FACTS_BYTES), "standard input"), where: "standard input" };
  if (given.trimStart().startsWith("{")) return { json: parse(given, "--facts"), where: "--facts" };
  const where = escapeText(given);
  return { json: parse(readFile(given), where), where };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("DOCTOR_FACTS_UNREADABLE", `Cannot read the facts: ${escapeText(why)}. Give a file, or JSON that starts with {`);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? escapeText(error.message, 200) : String(error);
    throw new CliError("DOCTOR_FACTS_NOT_JSON", `The facts in ${where} are not JSON: ${why}`);
  }
}
