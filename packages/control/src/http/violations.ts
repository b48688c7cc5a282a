import type { FieldViolation } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import type { z } from "zod";
import type { FieldReason } from "./api-reason.ts";

/** Longest part of a received value that an error shows, in characters. */
const MAX_SHOWN_LENGTH = 120;

/** Every fault that a schema found, in our words: where, what was expected, what was received. */
export function violationsOf(error: z.ZodError, input: unknown): readonly FieldViolation[] {
  return error.issues.flatMap((issue): readonly FieldViolation[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        field: fieldOf([...issue.path, key]),
        description: expectationOfKey(key, valueAt(input, issue.path)),
        reason: "FIELD_UNKNOWN" satisfies FieldReason,
      }));
    }
    const received = shownValue(valueAt(input, issue.path));
    return [
      {
        field: fieldOf(issue.path),
        description: `${expectationOf(issue)}, received ${received}`,
        reason: "FIELD_INVALID" satisfies FieldReason,
      },
    ];
  });
}

/** A field that came in both spellings is left over in snake_case. */
function expectationOfKey(key: string, holder: unknown): string {
  const twin = key.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
  const isTwice = twin !== key && typeof holder === "object" && holder !== null && Object.hasOwn(holder, twin);
  return isTwice ? `Expected one spelling of a field, received ${escapeText(twin, MAX_SHOWN_LENGTH)} as well` : "Expected no such field";
}

function expectationOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.message.startsWith("Expected") ? issue.message : `Expected ${issue.expected}`;
    case "invalid_value":
      return `Expected one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return issue.message.startsWith("Expected") ? issue.message : `Expected at least ${issue.minimum}`;
    case "too_big":
      return issue.message.startsWith("Expected") ? issue.message : `Expected at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** A path in the body without a leading slash; names are escaped as in a JSON pointer (RFC 6901 §3) and for terminals. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path.map((name) => escapeText(String(name).replaceAll("~", "~0").replaceAll("/", "~1"), MAX_SHOWN_LENGTH)).join("/");
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined), input);
}

/** A received value as an error shows it: JSON, escaped and shortened. */
export function shownValue(value: unknown): string {
  return value === undefined ? "nothing" : escapeText(JSON.stringify(value), MAX_SHOWN_LENGTH);
}
