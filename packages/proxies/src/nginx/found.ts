import type { Passage, Trust } from "../description.ts";
import type { Finding } from "../finding.ts";
import type { Notes, Statement } from "../statement.ts";
import type { KnownEffects } from "./set-headers.ts";

/** What a reading has found so far. */
export type Found = {
  readonly passages: Passage[];
  readonly findings: Finding[];
  readonly notes: Notes;
  /** Findings that are told once. */
  readonly told: Set<string>;
  /** What levels share is read once. */
  readonly trusts: Map<readonly Statement[], Trust>;
  readonly effects: KnownEffects;
};

/** Adds a finding once: a rule of an outer level is met in each place that takes it over. */
export function once({ findings, told }: Found, finding: Finding): void {
  const key = JSON.stringify([finding.code, finding.place, finding.what]);
  if (!told.has(key)) findings.push(finding);
  told.add(key);
}
