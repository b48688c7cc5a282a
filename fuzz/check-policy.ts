import { isDeepStrictEqual } from "node:util";
import type { Policy, PolicyIssue } from "wherefrom";
import { type Check, faultsBesideOracle, faultsOfResolver } from "./check-resolver.ts";
import type { Library } from "./library.ts";

/** Longest field name that a pointer shows whole, in characters. */
const MAX_TOKEN_LENGTH = 120;

const HEADERS = [
  ["X-Forwarded-For", "203.0.113.7, 10.0.0.3"],
  ["X-Forwarded-For", "10.0.0.2:80"],
  ["Forwarded", 'for="[2001:db8::7]:4711", for=10.0.0.2'],
  ["X-Real-IP", "203.0.113.8"],
] as const;

type Parsed =
  | { readonly kind: "policy"; readonly policy: Policy }
  | { readonly kind: "refused"; readonly issues: readonly PolicyIssue[] }
  | { readonly kind: "threw"; readonly error: unknown };

/** The input is the JSON text of a policy. It is taken, and then works, or it is refused with faults that say where they are. */
export function checkPolicy(library: Library): Check {
  return (text) => {
    const parsed = parse(library, text);
    const json = jsonOf(text);
    if (parsed.kind === "threw") return [`parsePolicy threw ${parsed.error}`];
    const faults = parsed.kind === "refused" ? faultsOfIssues(library, parsed.issues, json) : faultsOfPolicy(library, parsed.policy, json);
    const isText = json === undefined || typeof json.value === "string";
    if (isText || isDeepStrictEqual(parse(library, json.value), parsed)) return faults;
    return [...faults, "The text and its value are read differently"];
  };
}

function parse(library: Library, given: unknown): Parsed {
  try {
    return { kind: "policy", policy: library.parsePolicy(given) };
  } catch (error) {
    return error instanceof library.PolicyError ? { kind: "refused", issues: error.issues } : { kind: "threw", error };
  }
}

type Json = { readonly value: unknown };

function jsonOf(text: string): Json | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function faultsOfIssues(library: Library, issues: readonly PolicyIssue[], json: Json | undefined): readonly string[] {
  if (issues.length === 0) return ["A policy is refused without a fault"];
  return issues.flatMap((issue) => {
    const { pointer, message } = issue;
    const faults = /^[ -~]*$/.test(message) ? [] : [`${JSON.stringify(message)} is not safe to print`];
    if (json === undefined ? pointer === "" : leads(library, json.value, issue)) return faults;
    return [...faults, `The pointer ${pointer} leads nowhere`];
  });
}

/** Whether a pointer leads to a place of the policy, or to the place where a field is missing. Field names are compared as issues show them. */
function leads(library: Library, json: unknown, { pointer, given }: PolicyIssue): boolean {
  const shown = (name: string) => library.escapeText(name.replaceAll("~", "~0").replaceAll("/", "~1"), MAX_TOKEN_LENGTH);
  const tokens = pointer.split("/").slice(1);
  let place = json;
  for (const [at, token] of tokens.entries()) {
    if (typeof place !== "object" || place === null) return false;
    const found = Object.entries(place).find(([name]) => shown(name) === token);
    if (found === undefined) return at === tokens.length - 1 && given === "nothing";
    place = found[1];
  }
  return true;
}

function faultsOfPolicy(library: Library, policy: Policy, json: Json | undefined): readonly string[] {
  if (json === undefined || typeof json.value !== "object" || json.value === null) return ["A policy is taken that is no JSON object"];
  const written = json.value as Readonly<Record<string, unknown>>;
  library.advise(written);
  const resolver = library.createResolver(policy);
  const asked = ["10.0.0.1", "2001:db8::9", undefined].map((peer) => ({ peer, headers: HEADERS }));
  // The oracle knows a few of the named ranges, and those in part.
  const isNamed = JSON.stringify(written).includes("provider:");
  return asked.flatMap((evidence) => [
    ...faultsOfResolver({ library, resolver, evidence }),
    ...(isNamed ? [] : faultsBesideOracle({ resolver, policy: written, evidence })),
  ]);
}
