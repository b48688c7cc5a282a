import type { ControlParts } from "./parts.ts";

/** Removes sessions that are over or were not used for long, again and again. One that is not removed yet lets nobody in either. The answer ends it. */
export function sweepSessions({ store, limits, now }: ControlParts): () => void {
  const { sessionIdleMs, sessionSweepMs } = limits;
  // A database that is away is told of elsewhere, and the next sweep finds them too.
  const sweep = () => store.access.removeIdleSessions({ at: now(), seenBefore: now() - sessionIdleMs }).catch(() => undefined);
  const timer = setInterval(sweep, sessionSweepMs);
  return () => clearInterval(timer);
}
