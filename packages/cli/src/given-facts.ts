import { type Catalogue, type FactIssue, type Facts, joinFacts, parseFacts } from "@wherefrom/diagnosis";
import { factsOfPath, learnPath, type ProbeRun } from "@wherefrom/doctor";
import { escapeText } from "wherefrom";
import type { FactsFlags } from "./facts-flags.ts";
import { type FactsJson, readFactsJson } from "./facts-text.ts";
import { readProbeFile } from "./probe-file.ts";

/** Facts of all sources together, or every reason why they are none. */
export type GivenFacts =
  | {
      readonly kind: "facts";
      readonly facts: Facts;
      /** Signals of which a source says that they are not known, and none says more. */
      readonly unknown: readonly string[];
      /** The probes that some of them are from. */
      readonly runs: readonly ProbeRun[];
    }
  | { readonly kind: "refused"; readonly lines: readonly string[] };

type Sources = {
  readonly catalogue: Catalogue;
  /** Facts that were had elsewhere, and where. */
  readonly others?: readonly FactsJson[];
};

/** Reads every source before it complains, so that all faults of all of them are told at once. */
export async function readGivenFacts({ facts = [], probe = [] }: FactsFlags, { catalogue, others = [] }: Sources): Promise<GivenFacts> {
  const parts: Facts[] = [];
  const lines: string[] = [];
  const unknown = new Set<string>();
  const add = ({ json, where }: FactsJson): void => {
    const reading = parseFacts(json, catalogue);
    if (reading.kind === "refused") return void lines.push(...faultLines(where, reading.issues));
    parts.push(reading.facts);
    for (const [signal, value] of Object.entries(json as object)) if (value === null) unknown.add(signal);
  };
  for (const source of facts) add(await readFactsJson(source));
  const runs: ProbeRun[] = [];
  for (const file of probe) {
    const run = readProbeFile(file);
    runs.push(run);
    add({ json: factsOfPath(learnPath(run), run), where: escapeText(file) });
  }
  for (const other of others) add(other);
  if (lines.length > 0) return { kind: "refused", lines };
  const joined = joinFacts(parts);
  if (joined.kind === "refused") return { kind: "refused", lines: faultLines("All sources together", joined.issues) };
  return { kind: "facts", facts: joined.facts, unknown: [...unknown].filter((signal) => !joined.facts.has(signal)), runs };
}

function faultLines(where: string, issues: readonly FactIssue[]): readonly string[] {
  const count = issues.length === 1 ? "one fault" : `${issues.length} faults`;
  return [`${where}: The facts have ${count}`, ...issues.map(({ message }) => `  ${message}`)];
}
