import { setImmediate } from "node:timers/promises";

/** Resolves for one caller at each turn of the loop, in the order in which they ask. */
export type LoopTurns = { next(): Promise<void> };

/** For work that keeps the loop for a while: whatever else this process does then waits for one of them at the most. */
export function loopTurns(): LoopTurns {
  let turn: Promise<void> = Promise.resolve();
  return {
    next() {
      turn = turn.then(() => setImmediate());
      return turn;
    },
  };
}
