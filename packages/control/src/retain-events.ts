import { DEFAULT_EVENT_SETTINGS } from "@wherefrom/model";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";

const DAY_MS = 86_400_000;

/**
 * Deletes events when their time is over. Looks every `eventRetentionLookMs`. An environment that is not there any more keeps its events for the usual
 * time.
 */
export function retainEvents(parts: ControlParts): RegularLook {
  return lookRegularly({
    look: () => deleteOld(parts),
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
