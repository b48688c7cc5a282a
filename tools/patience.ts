// How long tests wait, in milliseconds. These times only end what hangs: a machine that does other work makes a slow test, not a failed one.

/** How long a test may take. */
export const TEST_TIMEOUT_MS = 240_000;

/** How long a test waits for what must come: less than it may take, so that what did not come is told, and not that the time was up. */
export const PATIENCE_MS = 200_000;

/** The same for vitest's `waitFor`, which has no setting of its own. */
export const PATIENT: { readonly timeout: number; readonly interval: number } = { timeout: PATIENCE_MS, interval: 50 };

/** A limit that nothing reaches within a test, however slow: what waits for it fails the test. */
export const NEVER_MS = 3_600_000;

const LONGEST_TRY_MS = 60_000;

/**
 * Tries what must come within a time, and when it fails tries it again with four times as much. With little time the machine may be too slow; with each time, what is tested is wrong.
 * `attempt` sets up all that it needs anew.
 *
 * Errors: those of the last attempt.
 */
export async function withTimeEnough(firstMs: number, attempt: (ms: number) => Promise<void>): Promise<void> {
  for (let ms = firstMs; ; ms *= 4) {
    try {
      return await attempt(ms);
    } catch (error) {
      if (ms * 4 > LONGEST_TRY_MS) throw error;
    }
  }
}
