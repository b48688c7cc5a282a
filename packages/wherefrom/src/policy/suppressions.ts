import { escapeText } from "../resolve/escape.ts";
import type { Advisory, Suppression } from "./advisory.ts";
import { advisoryOf, isAdvisoryCode } from "./advisory-text.ts";
import { dayNumber } from "./day.ts";

/** Characters of a day, `YYYY-MM-DD`. */
const DAY_LENGTH = 10;

/** Takes the accepted advisories away, and adds what is to be said of the suppressions themselves. Those cannot be suppressed. */
export function suppress(
  advisories: readonly Advisory[],
  suppressions: readonly Suppression[],
  now: string | undefined,
): readonly Advisory[] {
  const valid = suppressions.filter(isValid);
  const inForce = valid.filter((suppression) => !isExpired(suppression, now));
  return [
    ...advisories.filter((advisory) => !inForce.some((suppression) => isFor(suppression, advisory))),
    ...suppressions
      .filter((suppression) => !valid.includes(suppression))
      .map((given) => told("ADVISORY_SUPPRESSION_INVALID", given, "is not valid")),
    ...valid
      .filter((suppression) => !inForce.includes(suppression))
      .map((given) => told("ADVISORY_SUPPRESSION_EXPIRED", given, `ended after ${given.until}`)),
    ...inForce
      .filter((suppression) => !advisories.some((advisory) => isFor(suppression, advisory)))
      .map((given) => told("ADVISORY_SUPPRESSION_UNUSED", given, "has nothing to hide")),
  ];
}

function isValid({ code, pointer, reason, until }: Suppression): boolean {
  const isTyped = typeof reason === "string" && typeof until === "string" && (pointer === undefined || typeof pointer === "string");
  return isTyped && isAdvisoryCode(code) && reason.trim() !== "" && until.length === DAY_LENGTH && dayNumber(until) !== undefined;
}

function isExpired({ until }: Suppression, now: string | undefined): boolean {
  const today = now === undefined ? undefined : dayNumber(now);
  return today !== undefined && today > (dayNumber(until) ?? 0);
}

function isFor({ code, pointer }: Suppression, advisory: Advisory): boolean {
  return advisory.code === code && (pointer === undefined || pointer === advisory.pointer);
}

type SuppressionCode = "ADVISORY_SUPPRESSION_INVALID" | "ADVISORY_SUPPRESSION_EXPIRED" | "ADVISORY_SUPPRESSION_UNUSED";

function told(code: SuppressionCode, { code: hidden, pointer, reason }: Suppression, what: string): Advisory {
  const place = pointer === undefined ? "" : ` at ${escapeText(String(pointer))}`;
  const summary = `The suppression of ${escapeText(String(hidden))}${place} (${escapeText(String(reason))}) ${what}`;
  return advisoryOf(code, { pointer: pointer ?? "", summary });
}
