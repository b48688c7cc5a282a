import type { RecordedSession } from "@wherefrom/model";

/** A debug session as stored. Times are milliseconds since 1970. */
export type StoredDebugSession = {
  readonly id: string;
  /** Name of the route that it is for. */
  readonly api: string;
  /** As the path said when it was made; nothing depends on it. */
  readonly apiRevision: string;
  readonly filter: string;
  readonly count: number;
  readonly tracesize: number;
  readonly createdAt: number;
  readonly endsAt: number;
};

/** Debug sessions of an environment and what they hide. As security actions, they are no part of what a rollback brings back. */
export type DebugContent = {
  readonly sessions: readonly StoredDebugSession[];
  /** Variables whose values are hidden, beside those that always are. */
  readonly maskedVariables: readonly string[];
};

const NONE: DebugContent = { sessions: [], maskedVariables: [] };

/** What stands, where anything does. */
export function debugOf({ debug = NONE }: { readonly debug?: DebugContent | undefined }): DebugContent {
  return debug;
}

/** What gateways get: who asked for a session is not their business. They see by themselves which are over. */
export function recordedSessions({ sessions, maskedVariables }: DebugContent): RecordedSession[] {
  return sessions.map(({ id, api, filter, count, endsAt }) => ({
    id,
    api,
    filter,
    count,
    expireTime: new Date(endsAt).toISOString(),
    maskedVariables: [...maskedVariables],
  }));
}
