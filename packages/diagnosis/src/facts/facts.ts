import { escapeText } from "wherefrom";
import type { Catalogue, FactValue, Signal } from "../causes/cause.ts";
import type { FactIssue, FactIssueCode } from "./fact-issue.ts";

/** What is known, by the name of the signal. What is not in it is not known. */
export type Facts = ReadonlyMap<string, FactValue>;

/** Facts, or every reason why what was given is none. */
export type FactsReading =
  | { readonly kind: "facts"; readonly facts: Facts }
  | { readonly kind: "refused"; readonly issues: readonly FactIssue[] };

/** Longest part of a given name or value that an issue shows, in characters. */
const MAX_GIVEN_LENGTH = 120;

/** Values that say that nothing is known: nobody looked. */
const UNKNOWN: Readonly<Record<string, string>> = { "probe.canary": "notRun", "k8s.policy": "unknown" };

/**
 * Reads facts from a JSON object, signal to value. `null` says that a signal is not known.
 *
 * Errors: none thrown. A signal that does not exist and a value that it cannot have are refused, all at once.
 */
export function parseFacts(json: unknown, { signals }: Catalogue): FactsReading {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return { kind: "refused", issues: [issueOf("FACTS_NOT_AN_OBJECT", { pointer: "", expected: "an object, signal to value" }, json)] };
  }
  const facts = new Map<string, FactValue>();
  const issues: FactIssue[] = [];
  for (const [name, value] of Object.entries(json)) {
    const pointer = `/${escapeText(name.replaceAll("~", "~0").replaceAll("/", "~1"), MAX_GIVEN_LENGTH)}`;
    const signal = signals.get(name);
    if (signal === undefined) {
      issues.push(issueOf("FACTS_SIGNAL_UNKNOWN", { pointer, expected: expectedSignal(name, [...signals.keys()]) }, value));
    } else if (value !== null && !isValueOf(signal, value)) {
      issues.push(issueOf("FACTS_VALUE_INVALID", { pointer, expected: expectedValue(signal) }, value));
    } else if (value !== null && value !== UNKNOWN[name]) {
      facts.set(name, value as FactValue);
    }
  }
  return issues.length === 0 ? { kind: "facts", facts } : { kind: "refused", issues };
}

/** Puts facts from several observers together. Two that contradict each other are refused: one of them is about something else. */
export function joinFacts(parts: readonly Facts[]): FactsReading {
  const joined = new Map<string, FactValue>();
  const issues: FactIssue[] = [];
  for (const [name, value] of parts.flatMap((facts) => [...facts])) {
    const earlier = joined.get(name);
    if (earlier !== undefined && JSON.stringify(earlier) !== JSON.stringify(value)) {
      issues.push(issueOf("FACTS_CONTRADICT", { pointer: `/${name}`, expected: `${JSON.stringify(earlier)}, as said before` }, value));
    }
    joined.set(name, value);
  }
  return issues.length === 0 ? { kind: "facts", facts: joined } : { kind: "refused", issues };
}

function isValueOf(signal: Signal, value: unknown): boolean {
  switch (signal.type) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    case "number":
      return typeof value === "number" && Number.isFinite(value) && value >= 0;
    case "enum":
      return typeof value === "string" && signal.values.includes(value);
    case "set":
      return Array.isArray(value) && value.every((item) => typeof item === "string" && signal.values.includes(item));
  }
}

function expectedValue(signal: Signal): string {
  switch (signal.type) {
    case "boolean":
      return "true or false";
    case "integer":
      return "a whole number that is not negative";
    case "number":
      return "a number that is not negative";
    case "enum":
      return `one of ${signal.values.join(", ")}`;
    case "set":
      return `a list of ${signal.values.join(", ")}`;
  }
}

/** The signals of the same group, or the groups: a list of all of them would bury the message. */
function expectedSignal(name: string, known: readonly string[]): string {
  const groupOf = (signal: string): string => signal.split(".")[0] ?? "";
  const group = known.filter((signal) => groupOf(signal) === groupOf(name));
  if (group.length > 0) return `one of ${group.join(", ")}`;
  return `a signal of ${[...new Set(known.map(groupOf))].map((word) => `${word}.*`).join(", ")}`;
}

function issueOf(code: FactIssueCode, { pointer, expected }: { pointer: string; expected: string }, value: unknown): FactIssue {
  const given = escapeText(JSON.stringify(value) ?? typeof value, MAX_GIVEN_LENGTH);
  return {
    code,
    pointer,
    expected,
    given,
    message: `${pointer === "" ? "/" : pointer}: Expected ${expected}, received ${given} (${code})`,
  };
}
