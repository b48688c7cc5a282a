import { escapeText } from "../resolve/escape.ts";
import type { PolicyIssue, PolicyIssueCode } from "./issue.ts";

/** Longest part of a given value that an issue shows, in characters. */
const MAX_GIVEN_LENGTH = 120;

/** Where an issue stands and what was wrong there. */
export type Fault = { readonly code: PolicyIssueCode; readonly pointer: string; readonly expected: string };

/** Collects faults, so that all are told at once. */
export type Issues = {
  readonly all: readonly PolicyIssue[];
  /** `given` is the value that stands there; `undefined` says that nothing does. */
  add(fault: Fault, given: unknown): void;
};

export function createIssues(): Issues {
  const all: PolicyIssue[] = [];
  return {
    all,
    add({ code, pointer, expected }, given) {
      const shown = given === undefined ? "nothing" : escapeText(jsonOf(given), MAX_GIVEN_LENGTH);
      all.push({
        code,
        pointer,
        expected,
        given: shown,
        message: `${pointer === "" ? "/" : pointer}: Expected ${expected}, received ${shown} (${code})`,
      });
    },
  };
}

/** A value that is not JSON (a function, a bigint, a cycle) is told by its type. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}

/** An object of the policy, its fields under their camelCase names. `undefined` and `null` count as absent, as in proto3 JSON. */
export type JsonObject = {
  readonly pointer: string;
  readonly value: unknown;
  readonly fields: ReadonlyMap<string, unknown>;
  /** Whether every field is one that may stand here. */
  readonly isKnown: boolean;
  /** The pointer of a field, by the spelling that was given. */
  pointerOf(name: string): string;
};

/**
 * Reads an object that may have only the named fields, each spelled in camelCase or snake_case.
 *
 * Source: Protocol Buffers, "ProtoJSON Format": parsers accept both spellings and take null as absent.
 */
export function readObject(value: unknown, at: { pointer: string; allowed: readonly string[] }, issues: Issues): JsonObject | undefined {
  const { pointer, allowed } = at;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    issues.add({ code: "POLICY_WRONG_TYPE", pointer, expected: "an object" }, value);
    return undefined;
  }
  const fields = new Map<string, unknown>();
  const spellings = new Map<string, string>();
  let isKnown = true;
  for (const [spelling, field] of Object.entries(value)) {
    const name = allowed.find((candidate) => candidate === spelling || snakeCase(candidate) === spelling);
    const fieldPointer = `${pointer}/${pointerToken(spelling)}`;
    if (name === undefined) {
      isKnown = false;
      issues.add({ code: "POLICY_FIELD_UNKNOWN", pointer: fieldPointer, expected: `no field but ${allowed.join(", ")}` }, field);
    } else if (fields.has(name)) {
      issues.add({ code: "POLICY_FIELD_TWICE", pointer: fieldPointer, expected: `${name} or ${snakeCase(name)}, not both` }, field);
    } else if (field !== null && field !== undefined) {
      fields.set(name, field);
      spellings.set(name, spelling);
    }
  }
  return { pointer, value, fields, isKnown, pointerOf: (name) => `${pointer}/${pointerToken(spellings.get(name) ?? name)}` };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** RFC 6901 §3. */
function pointerToken(name: string): string {
  return escapeText(name.replaceAll("~", "~0").replaceAll("/", "~1"), MAX_GIVEN_LENGTH);
}
