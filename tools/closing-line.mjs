/**
 * How a test run ended. A suite that could not be loaded and an error outside of any test count as failed.
 *
 * @typedef {object} TestCounts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * The last line of `npm test`.
 *
 * @param {TestCounts} counts
 * @returns {string}
 */
export function closingLine(counts) {
  const line = `${counts.passed} passed, ${counts.failed} failed`;
  return counts.skipped === 0 ? line : `${line}, ${counts.skipped} skipped`;
}

/**
 * The exit code of `npm test`. A run in which no test ran is a failure: it proves nothing.
 *
 * @param {TestCounts} counts
 * @param {number} runnerCode the exit code of the test runner
 * @returns {number}
 */
export function exitCodeOf(counts, runnerCode) {
  if (runnerCode !== 0) return runnerCode;
  return counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}
