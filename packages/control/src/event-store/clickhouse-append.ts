import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { ClickHouseClient } from "@clickhouse/client";
import type { EnvironmentKey } from "../config-store/port.ts";
import { addressKeeper } from "./address-keeper.ts";
import { deleteRows, rowsOf } from "./clickhouse-ask.ts";
import { type ClickhouseLimits, EVENT_COLUMNS } from "./clickhouse-open.ts";
import { numberSql, placeSql, textSql } from "./clickhouse-sql.ts";
import type { Appended, EventBatch } from "./port.ts";
import { RowBinary } from "./row-binary.ts";

type Appending = { readonly batch: EventBatch; readonly receivedAt: number; readonly limits: ClickhouseLimits };

/**
 * Adds a batch by two statements, its events and then its name, unless it is there.
 *
 * Another control may add the same batch at the same time. Each attempt has a number in all its rows; whoever finds several after its own deletes the
 * rows of all but the greatest. Those of an attempt that nobody looks after any more go when ClickHouse merges: they have the same key.
 */
export async function appendBatch(
  client: ClickHouseClient,
  key: EnvironmentKey,
  { batch, receivedAt, limits }: Appending,
): Promise<Appended> {
  const name = `${placeSql(key)} AND sender = ${textSql(batch.gateway)} AND batch = ${textSql(batch.id)}`;
  if ((await rowsOf(client, `SELECT 1 FROM batches WHERE ${name} LIMIT 1`)).length > 0) return { isNew: false };
  const ofBatch = `${name} AND ${timesSql(batch)}`;
  const attempts = async (): Promise<string[]> =>
    (await rowsOf(client, `SELECT DISTINCT attempt FROM events WHERE ${ofBatch} ORDER BY attempt`)).map(([attempt]) => String(attempt));
  const place = [key.organization, key.environment, batch.gateway, batch.id];
  const isNew = batch.events.length === 0 || (await attempts()).length === 0;
  if (isNew && batch.events.length > 0) await insert(client, "events", eventRows(place, batch));
  const surplus = (await attempts()).slice(0, -1);
  if (surplus.length > 0) await deleteRows(client, "events", { where: `${ofBatch} AND attempt IN (${surplus.join(", ")})`, limits });
  const row = new RowBinary();
  for (const text of place) row.add(text, { type: "text", isNullable: false });
  row.add(receivedAt, { type: "count", isNullable: false });
  await insert(client, "batches", row.finish());
  return { isNew };
}

/** The order of the table is that of times: without them all events of the environment would be looked through. */
function timesSql({ events }: EventBatch): string {
  const [least, greatest] = events.reduce(([low, high], { time }) => [Math.min(low, time), Math.max(high, time)], [Infinity, -Infinity]);
  return events.length === 0 ? "1 = 0" : `time >= ${numberSql(least)} AND time <= ${numberSql(greatest)}`;
}

function eventRows(place: readonly string[], { events, privacy }: EventBatch): Buffer {
  const keeper = addressKeeper(privacy);
  // at random, as controls know nothing of each other
  const attempt = randomBytes(6).readUIntBE(0, 6);
  const rows = new RowBinary();
  for (const [number, event] of events.entries()) {
    for (const name of place) rows.add(name, { type: "text", isNullable: false });
    for (const count of [number, attempt]) rows.add(count, { type: "count", isNullable: false });
    for (const column of EVENT_COLUMNS) rows.add(column.read(event, keeper), column);
  }
  return rows.finish();
}

async function insert(client: ClickHouseClient, table: "events" | "batches", rows: Buffer): Promise<void> {
  const { stream } = await client.exec({
    query: `INSERT INTO ${table} FORMAT RowBinary`,
    values: Readable.from([rows], { objectMode: false }),
  });
  // the answer is empty, and the connection is free when it is read
  for await (const _chunk of stream);
}
