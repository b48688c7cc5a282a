import { readFileSync } from "node:fs";
import { escapeText, type Policy, type PolicyError, type PolicyIssue, parsePolicy } from "wherefrom";
import { CliError } from "./errors.ts";
import { printable } from "./output.ts";

/**
 * Reads a policy from what `--policy` was given: JSON when the text starts with `{`, else the path of a JSON file.
 *
 * Errors: `CliError` when the file cannot be read or the text is no JSON; `PolicyError` with every fault of the policy.
 */
export function readPolicy(given: string): Policy {
  if (given.trimStart().startsWith("{")) return parsePolicy(parseJson(given, "--policy"));
  return parsePolicy(parseJson(readText(given), given));
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

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("RESOLVE_POLICY_UNREADABLE", `Cannot read the policy file ${path}: ${why}. Give a file, or JSON that starts with {`);
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? escapeText(error.message, 200) : String(error);
    throw new CliError("RESOLVE_POLICY_NOT_JSON", `The policy in ${where} is not JSON: ${why}`);
  }
}
