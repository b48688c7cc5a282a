import type { FieldViolation } from "@wherefrom/model";
import { refuseFaults } from "./api-error.ts";
import { readFields } from "./field-selection.ts";
import type { Presentation } from "./presentation.ts";
import { shownValue } from "./violations.ts";

/**
 * Apigee's clients may send these with any request. Those that say who pays and who asks change nothing here.
 * Source: Google API discovery, `parameters`.
 */
const STANDARD_QUERY: ReadonlySet<string> = new Set([
  "$.xgafv",
  "access_token",
  "alt",
  "callback",
  "fields",
  "key",
  "oauth_token",
  "prettyPrint",
  "quotaUser",
  "uploadType",
  "upload_protocol",
]);

const PRETTY_INDENT = 2;
const TRUE_WORDS: readonly string[] = ["true", "1", ""];
const FALSE_WORDS: readonly string[] = ["false", "0"];

/**
 * Reads the standard parameters, and refuses parameters that are neither standard nor among `known`: a misspelt `updateMask` that went
 * unseen would change more than was meant.
 *
 * Errors: `ApiError` QUERY_INVALID with every fault.
 */
export function readStandardQuery(query: URLSearchParams, known: readonly string[]): Presentation {
  const expected = known.length === 0 ? "Expected no query parameter here" : `Expected no query parameter but ${known.join(", ")}`;
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name) && !STANDARD_QUERY.has(name));
  const violations: FieldViolation[] = unknown.map((field) => ({ field, description: expected }));
  const fault = (field: string, expectation: string): void => {
    violations.push({ field, description: `${expectation}, received ${shownValue(query.get(field) ?? undefined)}` });
  };
  if (!["json", null].includes(query.get("alt"))) fault("alt", "Expected json");
  if (!["1", "2", null].includes(query.get("$.xgafv"))) fault("$.xgafv", "Expected 1 or 2");
  if (query.has("callback")) fault("callback", "Expected none, because a page on any site could read such an answer");
  const prettyPrint = query.get("prettyPrint") ?? "true";
  if (![...TRUE_WORDS, ...FALSE_WORDS].includes(prettyPrint)) fault("prettyPrint", "Expected true or false");
  const fields = query.get("fields");
  const read = fields ? readFields(fields) : undefined;
  if (read?.kind === "fault") fault("fields", read.description);
  refuseFaults(violations, "QUERY_INVALID");
  return { ...presentationOfFault(query), selection: read?.kind === "selection" ? read.selection : undefined };
}

/** How an error is written, whatever else is wrong with the query. */
export function presentationOfFault(query: URLSearchParams): Presentation {
  const isPretty = !FALSE_WORDS.includes(query.get("prettyPrint") ?? "true");
  return { indent: isPretty ? PRETTY_INDENT : 0, selection: undefined, hasErrorList: query.get("$.xgafv") === "1" };
}
