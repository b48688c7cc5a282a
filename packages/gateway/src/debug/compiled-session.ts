import { type Condition, parseCondition, type RecordedSession } from "@wherefrom/model";
import { Mask } from "./mask.ts";

/** A session as exchanges are asked by it. */
export type CompiledSession = {
  readonly session: RecordedSession;
  readonly isWanted: Condition;
  readonly endsAtMs: number;
  readonly mask: Mask;
};

/** Compiles the sessions of a snapshot; their filters were judged with it. */
export function compileSessions(sessions: readonly RecordedSession[]): readonly CompiledSession[] {
  return sessions.map((session) => {
    const reading = parseCondition(session.filter);
    const isWanted = reading.kind === "condition" ? reading.condition : () => session.filter.trim() === "";
    return { session, isWanted, endsAtMs: Date.parse(session.expireTime), mask: new Mask(session.maskedVariables) };
  });
}
