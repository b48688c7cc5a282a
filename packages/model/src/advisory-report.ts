import { ADVISORY_CODES, type Advisory, type AdvisoryCode, escapeText, type Severity } from "wherefrom";
import { readJsonLines } from "./json-lines.ts";

/** One policy and what was said of it. */
export type AdvisedPolicy = {
  /** The file that the policy stands in, as a path relative to the repository. */
  readonly file: string;
  /** The text of that file, from which lines are told. */
  readonly text: string;
  readonly advisories: readonly Advisory[];
};

/** How a report names the tool, and where the pages of the codes are. */
export type ReportOptions = { readonly version: string; readonly helpUriOf?: (code: AdvisoryCode) => string };

const RANKS: Readonly<Record<Severity, number>> = { error: 3, warning: 2, note: 1 };
const GITHUB_LEVELS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", note: "notice" };

/** Whether any advisory is at least as bad as `severity`: what a command's exit code is made of. */
export function reachesSeverity(policies: readonly AdvisedPolicy[], severity: Severity): boolean {
  return policies.some(({ advisories }) => advisories.some((advisory) => RANKS[advisory.severity] >= RANKS[severity]));
}

/** For people: one block an advisory, the worst first. Safe for a terminal: nothing of a policy's text gets there unescaped. */
export function toText(policies: readonly AdvisedPolicy[]): string {
  const lines = policies.flatMap(({ file, text, advisories }) => {
    const { lineOf } = readJsonLines(text);
    const worstFirst = advisories.toSorted((left, right) => RANKS[right.severity] - RANKS[left.severity]);
    return worstFirst.flatMap(({ code, severity, pointer, summary, why, fix }) => [
      `${escapeText(file)}:${lineOf(pointer)} ${severity} ${code} ${escapeText(pointer === "" ? "/" : pointer)}`,
      `  ${escapeText(summary)}`,
      `  Why: ${why}`,
      `  Fix: ${fix}`,
    ]);
  });
  return [...lines, `${countOf(policies)}`, ""].join("\n");
}

function countOf(policies: readonly AdvisedPolicy[]): string {
  const all = policies.flatMap(({ advisories }) => advisories);
  const count = (severity: Severity) => all.filter((advisory) => advisory.severity === severity).length;
  return `errors: ${count("error")}, warnings: ${count("warning")}, notes: ${count("note")}`;
}

/**
 * For GitHub Actions: one workflow command a line, which GitHub shows beside the line of the file.
 *
 * Source: GitHub, "Workflow commands for GitHub Actions", `::error file=...,line=...,title=...::message`.
 */
export function toGithubAnnotations(policies: readonly AdvisedPolicy[]): string {
  return policies
    .flatMap(({ file, text, advisories }) => {
      const { lineOf } = readJsonLines(text);
      return advisories.map(({ code, severity, pointer, summary, why, fix }) => {
        const properties = `file=${githubProperty(file)},line=${lineOf(pointer)},title=${githubProperty(code)}`;
        return `::${GITHUB_LEVELS[severity]} ${properties}::${githubData(`${summary}. ${why} ${fix}`)}\n`;
      });
    })
    .join("");
}

/** A command ends at a line end, so text must not bring one; a percent sign starts an escape. */
function githubData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** A SARIF log, as far as it is used here. */
export type SarifLog = {
  readonly $schema: string;
  readonly version: "2.1.0";
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly name: string; readonly version: string; readonly rules: readonly SarifRule[] } };
    readonly results: readonly SarifResult[];
  }[];
};

type SarifRule = {
  readonly id: string;
  readonly shortDescription: { readonly text: string };
  readonly fullDescription: { readonly text: string };
  readonly help: { readonly text: string };
  readonly defaultConfiguration: { readonly level: Severity };
  readonly helpUri?: string;
};

type SarifResult = {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: Severity;
  readonly message: { readonly text: string };
  readonly locations: readonly [
    {
      readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region: { readonly startLine: number } };
      readonly logicalLocations: readonly [{ readonly fullyQualifiedName: string }];
    },
  ];
};

/**
 * For code scanning. Rules are only those that the results name.
 *
 * Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
 */
export function toSarif(policies: readonly AdvisedPolicy[], options: ReportOptions): SarifLog {
  const told = policies.flatMap(({ advisories }) => advisories);
  const codes = ADVISORY_CODES.filter((code) => told.some((advisory) => advisory.code === code));
  const rules = codes.flatMap((code) => told.find((advisory) => advisory.code === code) ?? []).map((advisory) => ruleOf(advisory, options));
  const results = policies.flatMap(({ file, text, advisories }) => {
    const { lineOf } = readJsonLines(text);
    return advisories.map((advisory): SarifResult => {
      const region = { startLine: lineOf(advisory.pointer) };
      const physicalLocation = { artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/") }, region };
      return {
        ruleId: advisory.code,
        ruleIndex: codes.indexOf(advisory.code),
        level: advisory.severity,
        message: { text: advisory.summary },
        locations: [{ physicalLocation, logicalLocations: [{ fullyQualifiedName: advisory.pointer }] }],
      };
    });
  });
  const driver = { name: "wherefrom", version: options.version, rules };
  return { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [{ tool: { driver }, results }] };
}

function ruleOf({ code, severity, why, fix }: Advisory, { helpUriOf }: ReportOptions): SarifRule {
  const title = code.replace("ADVISORY_", "").toLowerCase().replaceAll("_", " ");
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: fix },
    defaultConfiguration: { level: severity },
    ...(helpUriOf && { helpUri: helpUriOf(code) }),
  };
}
