/** Retries that a new budget begins with, so that a service with few requests has some too. */
const FIRST_RETRIES = 10;

/** Retries that can be saved up. */
const MAX_SAVED_RETRIES = 100;

/** A retry, in hundredths: what a request puts in is then a whole number. */
const RETRY = 100;

/**
 * How many retries the requests to a route's targets may cause: a share of them, so that targets in trouble get at most that much more. It is a
 * bucket of tokens: each request puts in its share, each retry takes out one.
 *
 * Source: Finagle, "RetryBudget"; Google, "Site Reliability Engineering", chapter 21.
 */
export class RetryBudget {
  #hundredths = FIRST_RETRIES * RETRY;

  /** Called for each request, and not for its retries. `percent` is the share of a retry. */
  deposit(percent: number): void {
    this.#hundredths = Math.min(this.#hundredths + percent, MAX_SAVED_RETRIES * RETRY);
  }

  /** Takes one retry out; says whether there was one. */
  withdraw(): boolean {
    if (this.#hundredths < RETRY) return false;
    this.#hundredths -= RETRY;
    return true;
  }
}
