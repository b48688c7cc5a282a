import type { FieldViolation } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import type { QueryParameter } from "./endpoint.ts";
import { readFields } from "./field-selection.ts";
import type { Presentation } from "./presentation.ts";
import { shownValue } from "./violations.ts";

/**
 * What Apigee's clients may send with any request. Those that say who pays and who asks change nothing here. JSONP (`callback`) is
 * not among them: a page on any site could read such an answer.
 * Source: Google API discovery, `parameters`.
 */
export const STANDARD_PARAMETERS: Readonly<Record<string, QueryParameter>> = {
  "$.xgafv": { type: "string", enum: ["1", "2"], description: "Error format: 1 adds the list errors" },
  access_token: { type: "string", description: "Without effect" },
  alt: { type: "string", enum: ["json"], description: "Format of the answer" },
  fields: { type: "string", description: "Which fields of the answer are wanted: a,b/c,d(e,f)" },
  key: { type: "string", description: "Without effect" },
  oauth_token: { type: "string", description: "Without effect" },
  prettyPrint: { type: "boolean", description: "Whether the answer is indented. Default: true" },
  quotaUser: { type: "string", description: "Without effect" },
  uploadType: { type: "string", description: "Without effect" },
  upload_protocol: { type: "string", description: "Without effect" },
};

/** What the value of a parameter is by its type. An empty one says nothing. */
const EXPECTED: Readonly<Record<QueryParameter["type"], { readonly pattern: RegExp; readonly words: string }>> = {
  boolean: { pattern: /^(?:true|false)$/, words: "true or false" },
  integer: { pattern: /^[0-9]{1,15}$/, words: "a count" },
  string: { pattern: /^/, words: "a text" },
};

const PRETTY_INDENT = 2;
/** Longest part of a name that is shown. */
const MAX_NAME_LENGTH = 120;
const TRUE_WORDS: readonly string[] = ["true", "1", ""];
const FALSE_WORDS: readonly string[] = ["false", "0"];

/** The parameters with the names of an endpoint's in lowerCamelCase: like fields of a body, they may come in snake_case. */
export function camelQuery(given: URLSearchParams, known: readonly string[]): URLSearchParams {
  const camelNames = new Map(known.map((name) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), name]));
  return new URLSearchParams([...given].map(([name, value]): [string, string] => [camelNames.get(name) ?? name, value]));
}

/** What a query says of the answer, and what is wrong with it, as far as can be told without the endpoint. */
export type StandardQuery = { readonly presentation: Presentation; readonly violations: readonly FieldViolation[] };

/**
 * Reads the standard parameters. At fault are also parameters that are neither standard nor among `known`: a misspelt `updateMask` that went unseen would
 * change more than was meant; those that come twice, of which one would be passed over; and those that are not of the type that `known` says.
 */
export function readStandardQuery(query: URLSearchParams, known: Readonly<Record<string, QueryParameter>>): StandardQuery {
  const violations = [...unknownParameters(query, Object.keys(known)), ...misreadParameters(query, known)];
  const fault = (field: string, expectation: string): void => {
    violations.push({ field, description: `${expectation}, received ${shownValue(query.get(field) ?? undefined)}` });
  };
  for (const name of ["alt", "$.xgafv"]) {
    const words = STANDARD_PARAMETERS[name]?.enum ?? [];
    if (!words.includes(query.get(name) ?? words[0] ?? "")) fault(name, `Expected ${words.join(" or ")}`);
  }
  const prettyPrint = query.get("prettyPrint") ?? "true";
  if (![...TRUE_WORDS, ...FALSE_WORDS].includes(prettyPrint)) fault("prettyPrint", "Expected true or false");
  const fields = query.get("fields");
  const read = fields ? readFields(fields) : undefined;
  if (read?.kind === "fault") fault("fields", read.description);
  const selection = read?.kind === "selection" ? read.selection : undefined;
  return { presentation: { ...presentationOfFault(query), selection }, violations };
}

function unknownParameters(query: URLSearchParams, known: readonly string[]): FieldViolation[] {
  const description = known.length === 0 ? "Expected no query parameter here" : `Expected no query parameter but ${known.join(", ")}`;
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name) && !Object.hasOwn(STANDARD_PARAMETERS, name));
  return unknown.map((field) => ({ field: escapeText(field, MAX_NAME_LENGTH), description }));
}

function misreadParameters(query: URLSearchParams, known: Readonly<Record<string, QueryParameter>>): FieldViolation[] {
  return Object.entries(known).flatMap(([field, { type }]) => {
    const values = query.getAll(field);
    if (values.length > 1) return [{ field, description: `Expected it once, received it ${values.length} times` }];
    const expected = EXPECTED[type];
    const [value = ""] = values;
    return value === "" || expected.pattern.test(value)
      ? []
      : [{ field, description: `Expected ${expected.words}, received ${shownValue(value)}` }];
  });
}

/** How an error is written, whatever else is wrong with the query. */
export function presentationOfFault(query: URLSearchParams): Presentation {
  const isPretty = !FALSE_WORDS.includes(query.get("prettyPrint") ?? "true");
  return { indent: isPretty ? PRETTY_INDENT : 0, selection: undefined, hasErrorList: query.get("$.xgafv") === "1" };
}
