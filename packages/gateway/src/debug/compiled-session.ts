import { type Condition, type Ending, parseCondition, type RecordedSession } from "@wherefrom/model";
import { Mask } from "./mask.ts";

/** A session as exchanges are asked by it. */
export type CompiledSession = {
  readonly session: RecordedSession;
  readonly isWanted: Condition;
  readonly ending: Ending;
  readonly mask: Mask;
};

/** Compiles the sessions of a snapshot; their filters were judged with it. */
export function compileSessions(sessions: readonly RecordedSession[]): readonly CompiledSession[] {
  return sessions.map((session) => {
    const reading = parseCondition(session.filter);
    const isWanted = reading.kind === "condition" ? reading.condition : () => session.filter.trim() === "";
    return { session, isWanted, ending: endingOf(session), mask: new Mask(session.maskedVariables) };
  });
}

/** No security action has such a key: names have no blank at their begin. */
function endingOf({ id, expireTime }: RecordedSession): Ending {
  return { key: ` ${id} ${expireTime}`, endsAtMs: Date.parse(expireTime) };
}
