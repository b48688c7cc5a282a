import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/** How many tests ended in which way. The same three numbers as `TestCounts` of closing-line.mjs. */
export type TestCounts = { passed: number; failed: number; skipped: number };

/**
 * Counts a finished run. A suite that could not be loaded, a failed hook of a suite and an error outside of any test count as one failed each:
 * the closing line must never say "0 failed" of a run that failed.
 */
export function countTests(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): TestCounts {
  const counts: TestCounts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += (suite as TestSuite).errors().length;
    for (const test of module.children.allTests()) counts[stateOf(test)] += 1;
  }
  return counts;
}

/** A test that never came to run, because the run was stopped, is no success: it counts as skipped. */
function stateOf(test: TestCase): keyof TestCounts {
  const { state } = test.result();
  return state === "pending" ? "skipped" : state;
}

/** Vitest reporter: leaves the counts of the run as JSON in the file that `CLOSING_LINE_FILE` names. Prints nothing. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const path = process.env["CLOSING_LINE_FILE"];
    if (path !== undefined) writeFileSync(path, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}
