import { type ConfigIssue, issueAt } from "./config-issue.ts";
import type { Passage } from "./description.ts";
import type { Finding } from "./finding.ts";
import { judge } from "./judge.ts";
import { CONFIG_KINDS, type ConfigKind, detectKind, readerOf } from "./kind.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { type Include, type Included, includeNothing, type SourceText } from "./source.ts";
import { createNotes } from "./statement.ts";

/** What a configuration says of the client address. */
export type ConfigReading = {
  readonly file: string;
  /** `undefined` when nobody can tell what it is: then nothing was read. */
  readonly kind: ConfigKind | undefined;
  readonly passages: readonly Passage[];
  readonly findings: readonly Finding[];
  readonly issues: readonly ConfigIssue[];
  /** Statements that were read, and those of them that say nothing about the address, by name. */
  readonly statements: number;
  readonly others: Readonly<Record<string, number>>;
};

export type ReadConfigOptions = { readonly kind?: ConfigKind; readonly include?: Include };

/**
 * Reads one configuration: what it does to the client address, and what of that its author may not have meant. Pure but for `include`.
 *
 * Errors: none thrown. What cannot be read is told in `issues`, and the rest is read all the same.
 */
export function readConfig(
  source: SourceText,
  { kind = detectKind(source), include = includeNothing }: ReadConfigOptions = {},
): ConfigReading {
  const empty = { file: source.name, kind, passages: [], findings: [], statements: 0, others: {} };
  const top = { file: source.name, line: 1, column: 1 };
  if (Buffer.byteLength(source.text) > CONFIG_LIMITS.maxFileBytes) {
    const expected = `at most ${CONFIG_LIMITS.maxFileBytes} bytes`;
    return { ...empty, issues: [issueAt(top, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" })] };
  }
  if (kind === undefined) {
    const expected = `a configuration of a kind that can be told, or --kind ${CONFIG_KINDS.join(", ")}`;
    return { ...empty, issues: [issueAt(top, { code: "CONFIG_KIND_UNKNOWN", expected, given: source.text.slice(0, 80) })] };
  }
  const notes = createNotes();
  const { passages, findings } = readerOf(kind)(source, { include: includeWithin(include), notes });
  return {
    file: source.name,
    kind,
    passages,
    findings: [...findings, ...judge(passages)].toSorted(bySeverity),
    issues: notes.issues,
    statements: notes.statements,
    others: Object.fromEntries(notes.others),
  };
}

/** Finds what is included, each name once, as long as all of it together is within the limit. */
function includeWithin(include: Include): Include {
  const known = new Map<string, Included>();
  let bytes = 0;
  return (pattern) => {
    if (bytes > CONFIG_LIMITS.maxIncludedBytes) return { files: [], skipped: [{ name: pattern, why: "too-many" }] };
    const included = known.get(pattern) ?? include(pattern);
    known.set(pattern, included);
    for (const { text } of included.files) bytes += text.length;
    return included;
  };
}

const SEVERITIES = ["error", "warning", "note"];

function bySeverity(first: Finding, second: Finding): number {
  return SEVERITIES.indexOf(first.severity) - SEVERITIES.indexOf(second.severity) || first.place.line - second.place.line;
}
