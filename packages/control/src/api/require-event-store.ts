import type { EventStore } from "../event-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import type { Call } from "../http/endpoint.ts";

/** Errors: `ApiError` EVENT_STORE_ABSENT. */
export function requireEventStore({ parts: { eventStore } }: Call): EventStore {
  if (eventStore !== undefined) return eventStore;
  throw new ApiError(
    "EVENT_STORE_ABSENT",
    "Events: Expected a control that keeps them, started with --analytics, and this one has no event store",
  );
}
