import { readFileSync } from "node:fs";
import { escapeText, type Suppression } from "wherefrom";
import { CliError } from "./errors.ts";

/**
 * Reads a file of suppressions: a JSON list of objects. Whether each is a valid suppression is advice, and the library's to give.
 *
 * Errors: `CliError` LINT_SUPPRESSIONS_UNREADABLE, LINT_SUPPRESSIONS_INVALID.
 */
export function readSuppressions(path: string): readonly Suppression[] {
  const json = parse(read(path), path);
  if (Array.isArray(json) && json.every(isObject)) return json as readonly Suppression[];
  throw new CliError("LINT_SUPPRESSIONS_INVALID", `${path}: expected a JSON list of {"code", "pointer", "reason", "until"}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("LINT_SUPPRESSIONS_UNREADABLE", `Cannot read the suppressions: ${why}`);
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? escapeText(error.message, 200) : String(error);
    throw new CliError("LINT_SUPPRESSIONS_INVALID", `${path} is not JSON: ${why}`);
  }
}

function isObject(entry: unknown): boolean {
  return typeof entry === "object" && entry !== null && !Array.isArray(entry);
}
