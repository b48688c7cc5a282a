import { DEFAULT_EVENT_SETTINGS } from "@wherefrom/model";
import type { ControlParts } from "./parts.ts";

const DAY_MS = 86_400_000;

/** Deletes events when their time is over, for the life of a control. */
export type EventRetention = {
  /** Looks now. */
  look(): Promise<void>;
  /** Resolves when nothing is going on any more. */
  close(): Promise<void>;
};

/** Looks every `eventRetentionLookMs`. An environment that is not there any more keeps its events for the usual time. */
export function retainEvents(parts: ControlParts): EventRetention {
  let turn = Promise.resolve();
  const look = (): Promise<void> => {
    turn = turn.then(() => deleteOld(parts)).catch((error: unknown) => parts.onNotice({ kind: "event-retention-failed", error }));
    return turn;
  };
  const timer = setInterval(look, parts.limits.eventRetentionLookMs);
  return {
    look,
    close() {
      clearInterval(timer);
      return turn;
    },
  };
}

async function deleteOld({ eventStore, store, now }: ControlParts): Promise<void> {
  if (eventStore === undefined) return;
  for (const key of await eventStore.environments()) {
    const environment = await store.of(key.organization).read(key.environment);
    const { retentionDays = DEFAULT_EVENT_SETTINGS.retentionDays } = environment?.settings.events ?? {};
    await eventStore.deleteBefore(key, { before: now() - retentionDays * DAY_MS });
  }
}
