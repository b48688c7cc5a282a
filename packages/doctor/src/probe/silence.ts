import type { Answer } from "./answer.ts";

/** Connections in a row that fail alike before a way is given up on which nobody has answered yet. */
const MAX_ALIKE = 2;

/**
 * Why a way is given up, or `undefined` while it is worth another request. Two failures alike are enough where nobody has answered yet: a target that swallows packets would be waited for in silence. After an answer
 * it takes a whole round of failures, for a path may drop one question and pass the next on.
 */
export function silenceIn(answers: readonly Pick<Answer, "result">[], perRound: number): string | undefined {
  const codes = answers.map(({ result }) => (result.kind === "failed" ? result.code : undefined));
  const inARow = codes.length - 1 - codes.lastIndexOf(undefined);
  const isAlike = inARow === codes.length && codes.at(-1) === codes.at(-MAX_ALIKE);
  return inARow >= (isAlike ? MAX_ALIKE : perRound) ? codes.at(-1) : undefined;
}
