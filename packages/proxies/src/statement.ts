import { type ConfigIssue, type ConfigIssueCode, issueAt } from "./config-issue.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import type { Place } from "./source.ts";

/** A word of a configuration, without the quotes that it stood in. */
export type Word = { readonly text: string; readonly place: Place; readonly isQuoted: boolean };

/** A directive: its name, its words, and what stands in its block when it has one. */
export type Statement = {
  readonly name: string;
  readonly words: readonly Word[];
  readonly place: Place;
  readonly block?: readonly Statement[];
};

/** What reading comes upon. It is handed through a reading, and holds it within its limits. */
export type Notes = {
  readonly issues: ConfigIssue[];
  /** Statements so far. */
  statements: number;
  /** Statements that nothing here is told by, by name. */
  readonly others: Map<string, number>;
  /** Things done to headers, on all ways so far. */
  effects: number;
  /** Whether there are as many ways as are followed: more need not be looked for. */
  isFull: boolean;
  /** UTF-16 units that names and arguments have stood for so far. */
  expanded: number;
};

/** Nothing come upon yet. */
export function createNotes(): Notes {
  return { issues: [], statements: 0, others: new Map(), effects: 0, isFull: false, expanded: 0 };
}

/** Notes an issue, up to the limit. */
export function note(notes: Notes, place: Place, issue: { code: ConfigIssueCode; expected: string; given: string }): void {
  if (notes.issues.length < CONFIG_LIMITS.maxIssues) notes.issues.push(issueAt(place, issue));
}

/** Counts a statement. `false` when there are more than are read: that is noted once. */
export function countStatement(notes: Notes, place: Place): boolean {
  notes.statements += 1;
  if (notes.statements <= CONFIG_LIMITS.maxStatements) return true;
  if (notes.statements === CONFIG_LIMITS.maxStatements + 1) {
    notes.issues.push(
      issueAt(place, { code: "CONFIG_LIMIT_REACHED", expected: `at most ${CONFIG_LIMITS.maxStatements} statements`, given: "more" }),
    );
  }
  return false;
}

/** Counts what a name or an argument stands for at one place. `false` when it comes to more than is read: that is noted once. */
export function countExpanded(notes: Notes, place: Place, units: number): boolean {
  const before = notes.expanded;
  notes.expanded += units;
  if (notes.expanded <= CONFIG_LIMITS.maxExpandedUnits) return true;
  if (before <= CONFIG_LIMITS.maxExpandedUnits) {
    const expected = `names and arguments that stand for at most ${CONFIG_LIMITS.maxExpandedUnits} characters together`;
    notes.issues.push(issueAt(place, { code: "CONFIG_LIMIT_REACHED", expected, given: "more" }));
  }
  return false;
}

/** Counts a statement that tells nothing about the client address. */
export function countOther(notes: Notes, name: string): void {
  notes.others.set(name, (notes.others.get(name) ?? 0) + 1);
}

/** The words as texts. */
export function textsOf(words: readonly Word[]): readonly string[] {
  return words.map(({ text }) => text);
}
