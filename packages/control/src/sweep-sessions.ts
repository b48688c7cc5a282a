import type { ControlParts } from "./parts.ts";

/**
 * Removes what is over, again and again: sessions of browsers that nobody uses, and what debug sessions recorded a day ago. What is not removed yet lets
 * nobody in either, and is shown to nobody. The answer ends it.
 */
export function sweepSessions({ store, limits, now }: ControlParts): () => void {
  const { sessionIdleMs, debugDataMaxAgeMs, sweepMs } = limits;
  // A database that is away is told of elsewhere, and the next sweep finds them too.
  const sweep = async (): Promise<void> => {
    await store.access.removeIdleSessions({ at: now(), seenBefore: now() - sessionIdleMs }).catch(() => undefined);
    await store.debug.forget(now() - debugDataMaxAgeMs).catch(() => undefined);
  };
  const timer = setInterval(sweep, sweepMs);
  return () => clearInterval(timer);
}
