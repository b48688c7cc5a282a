import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  listValue,
  UHUGEINT,
  VARCHAR,
} from "@duckdb/node-api";
import type { TrafficEvent } from "@wherefrom/model";
import type { EnvironmentKey } from "../config-store/port.ts";
import { type AddressPrivacy, addressKeeper } from "./address-keeper.ts";
import { COLUMNS, type ColumnType, type ColumnValue } from "./columns.ts";
import type { Appended, EventBatch } from "./port.ts";

/** Rows of one of DuckDB's vectors. */
const MAX_CHUNK_ROWS = 2_048;

const TYPES: Readonly<Record<ColumnType, DuckDBType>> = {
  text: VARCHAR,
  count: BIGINT,
  number: DOUBLE,
  flag: BOOLEAN,
  address: UHUGEINT,
  addresses: LIST(UHUGEINT),
};
const CHUNK_TYPES = [VARCHAR, VARCHAR, ...COLUMNS.map(({ type }) => TYPES[type])];

export type Appending = EnvironmentKey & { readonly batch: EventBatch; readonly receivedAt: number };

/** Adds batches and their events in one transaction, each unless it is there. Only one writer may do so at a time. */
export async function appendBatches(writer: DuckDBConnection, appendings: readonly Appending[]): Promise<Appended[]> {
  const appended: Appended[] = [];
  await writer.run("BEGIN");
  try {
    for (const appending of appendings) appended.push(await appendBatch(writer, appending));
    await writer.run("COMMIT");
  } catch (error) {
    await writer.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
  return appended;
}

async function appendBatch(writer: DuckDBConnection, appending: Appending): Promise<Appended> {
  const { organization, environment, batch, receivedAt } = appending;
  const name = [organization, environment, batch.gateway, batch.id, madeAt(batch.id)];
  const known = await writer.runAndReadAll(
    "SELECT 1 FROM batches WHERE made_at = $5 AND id = $4 AND gateway = $3 AND environment = $2 AND organization = $1 LIMIT 1",
    name,
  );
  if (known.currentRowCount > 0) return { isNew: false };
  await writer.run("INSERT INTO batches VALUES ($1, $2, $3, $4, $5, $6)", [...name, receivedAt]);
  await appendEvents(writer, appending);
  return { isNew: true };
}

/** An id begins with the time at which its batch was made, which only speeds the search for it up: any text is as good. */
function madeAt(id: string): number {
  const digits = /^[0-9]{1,15}/.exec(id)?.[0] ?? "0";
  return Number(digits);
}

async function appendEvents(writer: DuckDBConnection, { organization, environment, batch: { events, privacy } }: Appending): Promise<void> {
  const appender = await writer.createAppender("events");
  try {
    for (let start = 0; start < events.length; start += MAX_CHUNK_ROWS) {
      const rows = events.slice(start, start + MAX_CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(CHUNK_TYPES, rows.length);
      chunk.setColumns([rows.map(() => organization), rows.map(() => environment), ...columnsOf(rows, privacy)]);
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

function columnsOf(events: readonly TrafficEvent[], privacy: AddressPrivacy): DuckDBValue[][] {
  const keeper = addressKeeper(privacy);
  return COLUMNS.map(({ type, read }) => events.map((event) => duckdbValue(type, read(event, keeper))));
}

function duckdbValue(type: ColumnType, value: ColumnValue): DuckDBValue {
  if (value === undefined) return null;
  if (type === "count") return BigInt(value as number);
  if (type === "addresses") return listValue(value as bigint[]);
  return value as DuckDBValue;
}
