import { DEFAULT_EVENT_SETTINGS } from "@wherefrom/model";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";

const DAY_MS = 86_400_000;

/**
 * Deletes events when their time is over, and the oldest when all take more than `maxEventStoreBytes`. Looks every `eventRetentionLookMs`. An environment that is not there any more keeps its events for the usual
 * time.
 */
export function retainEvents(parts: ControlParts): RegularLook {
  return lookRegularly({
    async look() {
      await deleteOld(parts);
      await makeRoom(parts);
    },
    onFault: (error) => parts.onNotice({ kind: "event-retention-failed", error }),
    everyMs: parts.limits.eventRetentionLookMs,
  });
}

async function deleteOld({ eventStore, store, now }: ControlParts): Promise<void> {
  if (eventStore === undefined) return;
  for (const key of await eventStore.environments()) {
    const environment = await store.of(key.organization).read(key.environment);
    const { retentionDays = DEFAULT_EVENT_SETTINGS.retentionDays } = environment?.settings.events ?? {};
    await eventStore.deleteBefore(key, { before: now() - retentionDays * DAY_MS });
  }
}

async function makeRoom({ eventStore, limits, onNotice }: ControlParts): Promise<void> {
  const { maxEventStoreBytes: maxBytes } = limits;
  const { bytes = 0, deleted = 0, until } = (await eventStore?.keepWithin(maxBytes)) ?? {};
  if (until !== undefined) onNotice({ kind: "events-deleted-for-room", deleted, until, bytes, maxBytes });
}
