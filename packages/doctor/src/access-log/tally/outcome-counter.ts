import { count, type Figures, type Resolved } from "./figures.ts";

/**
 * Counts lines by what a policy made of them, but for their address. Most come out like the one before, which costs a comparison.
 *
 * A class, as it owns the count that is not in the figures yet.
 */
export class OutcomeCounter {
  readonly #figures: Figures;
  #outcome: Resolved["outcome"] = "resolved";
  #reason: Resolved["reason"];
  #isVerified = false;
  #lines = 0;

  constructor(figures: Figures) {
    this.#figures = figures;
  }

  add({ ip, outcome, trust, reason }: Resolved, lines: number): void {
    const isVerified = ip !== null && trust === "verified";
    if (outcome !== this.#outcome || reason !== this.#reason || isVerified !== this.#isVerified) {
      this.flush();
      this.#outcome = outcome;
      this.#reason = reason;
      this.#isVerified = isVerified;
    }
    this.#lines += lines;
  }

  /** Adds what was counted to the figures. */
  flush(): void {
    const lines = this.#lines;
    if (lines === 0) return;
    this.#lines = 0;
    this.#figures.lines += lines;
    count(this.#figures.outcomes, this.#outcome, lines);
    if (this.#reason !== undefined) count(this.#figures.reasons, this.#reason, lines);
    if (this.#isVerified) this.#figures.verified += lines;
  }
}
