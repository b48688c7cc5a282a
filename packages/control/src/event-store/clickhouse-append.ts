import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { ClickHouseClient } from "@clickhouse/client";
import type { TrafficEvent } from "@wherefrom/model";
import type { EnvironmentKey } from "../config-store/port.ts";
import { addressKeeper } from "./address-keeper.ts";
import { appendedOf, type BatchPlace, batchPlace, placeName } from "./batch-place.ts";
import { deleteRows, rowsOf } from "./clickhouse-ask.ts";
import { type ClickhouseLimits, EVENT_COLUMNS } from "./clickhouse-open.ts";
import { numberSql, textSql } from "./clickhouse-sql.ts";
import type { Appended, EventBatch } from "./port.ts";
import { RowBinary } from "./row-binary.ts";

/** A batch that is to be added. */
export type Appending = {
  readonly key: EnvironmentKey;
  readonly batch: Omit<EventBatch, "events"> & { readonly events: readonly TrafficEvent[] };
  readonly receivedAt: number;
};

const PLACE = "organization, environment, sender, batch";

/**
 * Adds batches by two statements, their events and then their names, each unless it is there.
 *
 * Another control may add the same batch at the same time. Each attempt has a number in all its rows; whoever finds several after its own deletes the
 * rows of all but the greatest. Those of an attempt that nobody looks after any more go when ClickHouse merges: they have the same key.
 */
export async function appendBatches(
  client: ClickHouseClient,
  appendings: readonly Appending[],
  limits: ClickhouseLimits,
): Promise<readonly Appended[]> {
  const names = appendings.map((appending) => placeName(placeOf(appending)));
  const byName = new Map(appendings.map((appending, index) => [names[index] ?? "", appending]));
  const known = new Set((await rowsOf(client, `SELECT ${PLACE} FROM batches WHERE ${amongSql([...byName.values()])}`)).map(placeName));
  const unknown = new Map([...byName].filter(([name]) => !known.has(name)));
  if (unknown.size > 0) {
    // of a control that ended before it wrote their names
    const begun = await attemptsOf(client, [...unknown.values()]);
    const added = [...unknown].flatMap(([name, appending]) => (begun.has(name) ? [] : [appending]));
    for (const name of begun.keys()) known.add(name);
    await insertEvents(client, added);
    await settle(client, [...unknown.values()], limits);
    await insertNames(client, [...unknown.values()]);
  }
  return appendedOf(names, known);
}

function placeOf({ key, batch }: Appending): BatchPlace {
  return batchPlace(key, batch);
}

function amongSql(appendings: readonly Appending[]): string {
  return `(${PLACE}) IN (${appendings.map((appending) => `(${placeOf(appending).map(textSql).join(", ")})`).join(", ")})`;
}

/** The order of the table is that of times: without them all events of the environments would be looked through. */
function eventsSql(appendings: readonly Appending[]): string {
  let [least, greatest] = [Number.MAX_SAFE_INTEGER, 0];
  for (const { batch } of appendings) {
    for (const { time } of batch.events) {
      least = Math.min(least, time);
      greatest = Math.max(greatest, time);
    }
  }
  const names = (["organization", "environment"] as const).map((field) => {
    const values = new Set(appendings.map(({ key }) => textSql(key[field])));
    return `${field} IN (${[...values].join(", ")})`;
  });
  return [...names, `time >= ${numberSql(least)}`, `time <= ${numberSql(greatest)}`, amongSql(appendings)].join(" AND ");
}

/** Those that have events, with the numbers of the attempts at each, the greatest last. */
async function attemptsOf(client: ClickHouseClient, appendings: readonly Appending[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const distinct = `SELECT DISTINCT ${PLACE}, attempt FROM events WHERE ${eventsSql(appendings)} ORDER BY attempt`;
  const attempts = new Map<string, string[]>();
  for (const row of await rowsOf(client, distinct)) {
    const name = placeName(row);
    attempts.set(name, [...(attempts.get(name) ?? []), String(row[4])]);
  }
  return attempts;
}

/** Leaves of each batch one attempt. */
async function settle(client: ClickHouseClient, appendings: readonly Appending[], limits: ClickhouseLimits): Promise<void> {
  const attempts = await attemptsOf(client, appendings);
  const surplus = appendings.flatMap((appending) => {
    const lesser = (attempts.get(placeName(placeOf(appending))) ?? []).slice(0, -1);
    return lesser.length === 0 ? [] : [`(${eventsSql([appending])} AND attempt IN (${lesser.join(", ")}))`];
  });
  if (surplus.length > 0) await deleteRows(client, "events", { where: surplus.join(" OR "), limits });
}

async function insertEvents(client: ClickHouseClient, appendings: readonly Appending[]): Promise<void> {
  // at random, as controls know nothing of each other
  const attempt = randomBytes(6).readUIntBE(0, 6);
  const rows = new RowBinary();
  for (const appending of appendings) {
    const { events, privacy } = appending.batch;
    const [place, keeper] = [placeOf(appending), addressKeeper(privacy, (number) => number)];
    for (const [number, event] of events.entries()) {
      for (const name of place) rows.add(name, { type: "text", isNullable: false });
      for (const count of [number, attempt]) rows.add(count, { type: "count", isNullable: false });
      for (const column of EVENT_COLUMNS) rows.add(column.read(event, keeper), column);
    }
  }
  await insert(client, "events", rows.finish());
}

async function insertNames(client: ClickHouseClient, appendings: readonly Appending[]): Promise<void> {
  const rows = new RowBinary();
  for (const appending of appendings) {
    for (const name of placeOf(appending)) rows.add(name, { type: "text", isNullable: false });
    rows.add(appending.receivedAt, { type: "count", isNullable: false });
  }
  await insert(client, "batches", rows.finish());
}

async function insert(client: ClickHouseClient, table: "events" | "batches", rows: Buffer): Promise<void> {
  if (rows.length === 0) return;
  const { stream } = await client.exec({
    query: `INSERT INTO ${table} FORMAT RowBinary`,
    values: Readable.from([rows], { objectMode: false }),
  });
  // the answer is empty, and the connection is free when it is read
  for await (const _chunk of stream);
}
