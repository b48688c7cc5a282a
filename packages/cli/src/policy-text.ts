import { readFileSync } from "node:fs";
import { escapeText, type Policy, type PolicyError, type PolicyIssue, type Providers, parsePolicy } from "wherefrom";
import { CliError } from "./errors.ts";
import { printable } from "./output.ts";

/** The text of a policy, and where it stands, as an error message names it. */
export type PolicyText = { readonly text: string; readonly where: string };

/**
 * Reads a policy from what `--policy` was given: JSON when the text starts with `{`, else the path of a JSON file. `provider:NAME` in it
 * means the ranges of `providers`.
 *
 * Errors: `CliError` when the file cannot be read or the text is no JSON; `PolicyError` with every fault of the policy.
 */
export function readPolicy(given: string, providers: Providers): Policy {
  return parsePolicy(readPolicyJson(given), { providers });
}

/** As `readPolicy`, without judging the policy: for who else will. */
export function readPolicyJson(given: string): unknown {
  return parsePolicyJson(isInlinePolicy(given) ? { text: given, where: "--policy" } : readPolicyFile(given));
}

/** Whether what was given is the policy itself, and no path. */
export function isInlinePolicy(given: string): boolean {
  return given.trimStart().startsWith("{");
}

/** Reads a policy file, without its byte order mark. Throws `CliError` RESOLVE_POLICY_UNREADABLE. */
export function readPolicyFile(path: string): PolicyText {
  try {
    return { text: readFileSync(path, "utf8").replace(/^\uFEFF/, ""), where: path };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("RESOLVE_POLICY_UNREADABLE", `Cannot read the policy file ${path}: ${why}. Give a file, or JSON that starts with {`);
  }
}

/** Parses the text of a policy, and does not judge it. Throws `CliError` RESOLVE_POLICY_NOT_JSON. */
export function parsePolicyJson({ text, where }: PolicyText): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? escapeText(error.message, 200) : String(error);
    throw new CliError("RESOLVE_POLICY_NOT_JSON", `The policy in ${where} is not JSON: ${why}`);
  }
}

/** The faults of a policy, one a line: where, what is wrong, what was expected, what was given, the code. */
export function formatPolicyError(error: PolicyError): string {
  const count = error.issues.length === 1 ? "1 fault" : `${error.issues.length} faults`;
  return [`The policy has ${count} [${error.code}]`, ...error.issues.map(formatIssue)].join("\n");
}

function formatIssue(issue: PolicyIssue): string {
  const pointer = issue.pointer === "" ? "(whole policy)" : issue.pointer;
  return printable(`  ${pointer}: expected ${issue.expected}, given ${issue.given} [${issue.code}]`);
}
