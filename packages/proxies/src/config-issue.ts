import { escapeText } from "wherefrom";
import type { Place } from "./source.ts";

/** Stable. Documented in docs/errors.md, one heading a code. */
export type ConfigIssueCode =
  | "CONFIG_NOT_CLOSED"
  | "CONFIG_UNEXPECTED"
  | "CONFIG_NOT_UNDERSTOOD"
  | "CONFIG_LIMIT_REACHED"
  | "CONFIG_INCLUDE_UNREAD"
  | "CONFIG_KIND_UNKNOWN";

/** One thing in a configuration that could not be read: where, what was expected, what was given. Reading goes on behind it. */
export type ConfigIssue = {
  readonly code: ConfigIssueCode;
  readonly place: Place;
  readonly expected: string;
  /** What stands there, escaped and shortened. */
  readonly given: string;
};

const MAX_GIVEN_LENGTH = 120;

/** An issue about a text that somebody wrote. */
export function issueAt(place: Place, { code, expected, given }: { code: ConfigIssueCode; expected: string; given: string }): ConfigIssue {
  return { code, place, expected, given: escapeText(given, MAX_GIVEN_LENGTH) };
}
