import type { Rejection } from "wherefrom";
import { count, type Figures, type Resolved } from "./figures.ts";

/** Why an algorithm gave no address. */
export const REJECTIONS: readonly Rejection[] = [
  "header-absent",
  "index-out-of-range",
  "hop-not-an-address",
  "untrusted-peer",
  "peer-unknown",
  "header-repeated",
  "too-many-hops",
  "header-too-long",
  "header-malformed",
  "no-entrance-matched",
];

/** What may come out, but for the address, each by a code: its place here. */
const OUTCOMES: readonly { readonly outcome: Resolved["outcome"]; readonly reason: Rejection | undefined; readonly isVerified: boolean }[] =
  (["resolved", "fallback", "rejected"] as const).flatMap((outcome) =>
    [undefined, ...REJECTIONS].flatMap((reason) => [true, false].map((isVerified) => ({ outcome, reason, isVerified }))),
  );

/** The code of what a policy made of lines. */
export function outcomeCode({ ip, outcome, trust, reason }: Resolved): number {
  const byOutcome = outcome === "resolved" ? 0 : outcome === "fallback" ? 1 : 2;
  const byReason = reason === undefined ? 0 : REJECTIONS.indexOf(reason) + 1;
  return (byOutcome * (REJECTIONS.length + 1) + byReason) * 2 + (ip !== null && trust === "verified" ? 0 : 1);
}

/**
 * Counts lines by the codes of what each subject made of them.
 *
 * A class, as it owns the counts that are not in the figures yet.
 */
export class OutcomeCounter {
  readonly #counts: Float64Array;

  constructor(subjects: number) {
    this.#counts = new Float64Array(subjects * OUTCOMES.length);
  }

  add(codes: Int32Array, lines: number): void {
    const counts = this.#counts;
    for (let subject = 0; subject < codes.length; subject++) {
      const code = codes[subject] as number;
      if (code === NO_OUTCOME) continue;
      const at = subject * OUTCOMES.length + code;
      counts[at] = (counts[at] as number) + lines;
    }
  }

  /** Adds what was counted to the figures of each subject. */
  addTo(figures: readonly Figures[]): void {
    for (const [subject, into] of figures.entries()) {
      for (const [code, { outcome, reason, isVerified }] of OUTCOMES.entries()) {
        const lines = this.#counts[subject * OUTCOMES.length + code] as number;
        if (lines === 0) continue;
        into.lines += lines;
        count(into.outcomes, outcome, lines);
        if (reason !== undefined) count(into.reasons, reason, lines);
        if (isVerified) into.verified += lines;
      }
    }
    this.#counts.fill(0);
  }
}

/** Of a subject that says nothing of a line. */
export const NO_OUTCOME = -1;
