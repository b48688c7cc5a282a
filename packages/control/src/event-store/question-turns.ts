import { QuestionTooCostly } from "./port.ts";

type Turn = {
  /** How long it waits for its turn at the most. */
  readonly timeoutMs: number;
  /** Nobody wants it any more. */
  readonly signal: AbortSignal;
};

/** Works on few things at a time; others wait for their turn, first come first served. Errors: `QuestionTooCostly` for one that waited too long, or that nobody wants any more. */
export function questionTurns(maxAtOnce: number): <Answer>(work: () => Promise<Answer>, turn: Turn) => Promise<Answer> {
  let atOnce = 0;
  const waiting = new Set<() => void>();
  const untilTurn = ({ timeoutMs, signal }: Turn): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        waiting.delete(begin);
        act();
      };
      const begin = settle(resolve);
      const giveUp = settle(() => reject(new QuestionTooCostly("Others were asked before for too long")));
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener("abort", giveUp);
      waiting.add(begin);
    });
  // a place that somebody waits for is handed over, and is free at no moment in between
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) atOnce -= 1;
    else next();
  };
  return async (work, turn) => {
    if (turn.signal.aborted) throw new QuestionTooCostly("Nobody waits for the answer");
    if (atOnce < maxAtOnce) atOnce += 1;
    else await untilTurn(turn);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
