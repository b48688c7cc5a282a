import { escapeText, type HeaderField } from "wherefrom";
import { CliError } from "./errors.ts";

/** RFC 9110 §5.1: a field name is a token. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;

/** Repeated `-H` flags come one by one; the environment variable holds one field a line. */
export function collectHeaders(given: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), ...given.split("\n").filter((line) => line !== "")];
}

/** Reads what `-H` was given. Throws `CliError` RESOLVE_HEADER_INVALID. */
export function parseHeader(line: string): HeaderField {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  if (NAME.test(name)) return [name, line.slice(colon + 1).replaceAll(BLANKS_AROUND, "")];
  throw new CliError("RESOLVE_HEADER_INVALID", `-H: expected 'Name: value', given '${escapeText(line, 80)}'`);
}
