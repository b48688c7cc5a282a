import { ControlError } from "../errors.ts";
import { type DuckdbOptions, openDuckdbEvents } from "./duckdb.ts";
import type { EventStore } from "./port.ts";

const DATABASE = /^duckdb:(?<path>.+)$/s;

/**
 * Opens the event store that a URL names: `duckdb:PATH`.
 *
 * Errors: `ControlError` CONTROL_DATABASE_….
 */
export function openEventStore(analytics: string, options: DuckdbOptions): Promise<EventStore> {
  const path = DATABASE.exec(analytics)?.groups?.["path"];
  if (path !== undefined) return openDuckdbEvents(path, options);
  throw new ControlError(
    "CONTROL_DATABASE_UNSUPPORTED",
    "Cannot use the database of events: Expected duckdb:PATH, such as duckdb:./data/events.duckdb",
  );
}
