import { ControlError } from "../errors.ts";
import { type ClickhouseOptions, openClickhouseEvents } from "./clickhouse.ts";
import { type DuckdbOptions, openDuckdbEvents } from "./duckdb.ts";
import type { EventStore } from "./port.ts";

const DATABASE = /^duckdb:(?<path>.+)$/s;
const SERVER = /^clickhouses?:\/\/./;

/**
 * Opens the event store that a URL names: `duckdb:PATH`, or `clickhouse://USER@HOST:8123/DATABASE`; `clickhouses://` is ClickHouse over TLS.
 *
 * Errors: `ControlError` CONTROL_DATABASE_….
 */
export function openEventStore(analytics: string, options: DuckdbOptions & ClickhouseOptions): Promise<EventStore> {
  const path = DATABASE.exec(analytics)?.groups?.["path"];
  if (path !== undefined) return openDuckdbEvents(path, options);
  if (SERVER.test(analytics)) return openClickhouseEvents(analytics, options);
  throw new ControlError(
    "CONTROL_DATABASE_UNSUPPORTED",
    "Cannot use the database of events: Expected duckdb:PATH, such as duckdb:./data/events.duckdb, or clickhouse://USER@HOST:8123/DATABASE",
  );
}
