import { isAbsolute, relative, resolve, sep } from "node:path";
import type { AdvisedPolicy } from "@wherefrom/model";
import { type AdvisoryContext, advise, PolicyError } from "wherefrom";
import { CliError } from "./errors.ts";
import { printable } from "./output.ts";
import { formatPolicyError, isInlinePolicy, type PolicyText, parsePolicyJson, readPolicyFile } from "./policy-text.ts";
import { readWholeInput } from "./standard-input.ts";

/** A policy with its list of trusted networks at the library's cap is not longer. */
const MAX_INPUT_BYTES = 5 * 1024 * 1024;

/** What was given in place of a file for standard input. */
export const STANDARD_INPUT = "-";

/** What is said of all policies, or all faults of those that are none, as lines for the person at the terminal. */
export type Linted =
  | { readonly kind: "advised"; readonly policies: readonly AdvisedPolicy[] }
  | { readonly kind: "refused"; readonly lines: readonly string[] };

/**
 * Judges policies, each given as a file, as JSON that starts with `{`, or as `-`. With one that is no valid policy nothing is said of the
 * others: a report without it would look as if it had been mended.
 *
 * Errors: `CliError` when standard input cannot be read.
 */
export async function lintPolicies(given: readonly string[], context: AdvisoryContext): Promise<Linted> {
  const policies: AdvisedPolicy[] = [];
  const lines: string[] = [];
  for (const [position, source] of given.entries()) {
    const input = source === STANDARD_INPUT ? { text: await readWholeInput(MAX_INPUT_BYTES), where: "stdin" } : undefined;
    const linted = lintOne(() => input ?? textOf(source, position), context);
    if (linted.kind === "refused") lines.push(...linted.lines);
    else policies.push(...linted.policies);
  }
  return lines.length > 0 ? { kind: "refused", lines } : { kind: "advised", policies: policies.map(withoutUsedElsewhere) };
}

function lintOne(read: () => PolicyText, context: AdvisoryContext): Linted {
  let where = "";
  try {
    const given = read();
    where = printable(given.where);
    const advisories = advise(parsePolicyJson(given), context);
    return { kind: "advised", policies: [{ file: given.where, text: given.text, advisories }] };
  } catch (error) {
    if (error instanceof PolicyError) return { kind: "refused", lines: [`${where}: ${formatPolicyError(error)}`] };
    if (error instanceof CliError) return { kind: "refused", lines: [`${printable(error.message)} [${error.code}]`] };
    throw error;
  }
}

/** Files are named from the working folder, as a repository's own checks name them. */
function textOf(source: string, position: number): PolicyText {
  if (isInlinePolicy(source)) return { text: source, where: `argument-${position + 1}` };
  const path = relative(process.cwd(), resolve(source));
  const isOutside = isAbsolute(path) || path.split(sep)[0] === "..";
  return { text: readPolicyFile(source).text, where: (isOutside ? source : path).replaceAll("\\", "/") };
}

/** One file of suppressions serves many policies, so one is unused only when no policy uses it. */
function withoutUsedElsewhere(policy: AdvisedPolicy, _position: number, all: readonly AdvisedPolicy[]): AdvisedPolicy {
  const advisories = policy.advisories.filter(
    ({ code, summary }) =>
      code !== "ADVISORY_SUPPRESSION_UNUSED" ||
      all.every((other) => other.advisories.some((advisory) => advisory.code === code && advisory.summary === summary)),
  );
  return { ...policy, advisories };
}
