import { escapeText, type HeaderField } from "wherefrom";
import { CliError } from "./errors.ts";

/** RFC 9110 §5.1: a field name is a token. */
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s;

/** Repeated `-H` flags come one by one; the environment variable holds one field a line. */
export function collectHeaders(given: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), ...given.split("\n").filter((line) => line !== "")];
}

/** Reads what `-H` was given. Throws `CliError` RESOLVE_HEADER_INVALID. */
export function parseHeader(line: string): HeaderField {
  const match = HEADER_LINE.exec(line);
  if (match?.[1] !== undefined && match[2] !== undefined) return [match[1], match[2]];
  throw new CliError("RESOLVE_HEADER_INVALID", `-H: expected 'Name: value', given '${escapeText(line, 80)}'`);
}
