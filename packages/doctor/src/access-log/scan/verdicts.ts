import { NO_OUTCOME } from "../tally/outcome-counter.ts";

/** What each subject, and behind them the log itself, makes of one evidence: the row of its address, and the code of its outcome. Used again for the next. */
export type Verdicts = { readonly rows: Int32Array; readonly codes: Int32Array };

/** Stands for the row of an address that there is none of. */
export const NO_ROW = -1;

export function createVerdicts(length: number): Verdicts {
  return { rows: new Int32Array(length).fill(NO_ROW), codes: new Int32Array(length).fill(NO_OUTCOME) };
}
