import { type DuckDBConnection, type DuckDBDataChunk, listValue } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import { appendedOf, type BatchPlace, batchPlace, placeName } from "./batch-place.ts";
import { chunksOf } from "./duckdb-chunk.ts";
import type { PackedBatch } from "./packed-batch.ts";
import type { Appended } from "./port.ts";

export type Appending = EnvironmentKey & { readonly batch: PackedBatch; readonly receivedAt: number };

/** A batch with its rows as DuckDB takes them, so that this is done while another one is written. */
export type ReadyAppending = Appending & { readonly chunks: readonly DuckDBDataChunk[] };

export function readyAppending(appending: Appending): ReadyAppending {
  return { ...appending, chunks: chunksOf(appending.batch) };
}

/** Adds batches and their events in one transaction, each unless it is there. Only one writer may do so at a time. */
export async function appendBatches(writer: DuckDBConnection, appendings: readonly ReadyAppending[]): Promise<readonly Appended[]> {
  await writer.run("BEGIN");
  try {
    const known = await namesAmong(writer, appendings);
    const appended = appendedOf(
      appendings.map((appending) => placeName(placeOf(appending))),
      known,
    );
    const fresh = appendings.filter((_, index) => appended[index]?.isNew);
    await addNames(writer, fresh);
    await addEvents(writer, fresh);
    await writer.run("COMMIT");
    return appended;
  } catch (error) {
    await writer.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

function placeOf(appending: Appending): BatchPlace {
  return batchPlace(appending, appending.batch);
}

/** Names of batches that are there already: of these, and of others with the same ids. */
async function namesAmong(writer: DuckDBConnection, appendings: readonly Appending[]): Promise<Set<string>> {
  const ids = appendings.map(({ batch }) => batch.id);
  const times = ids.map(madeAt);
  const found = await writer.runAndReadAll(
    "SELECT organization, environment, gateway, id FROM batches WHERE made_at >= $1 AND made_at <= $2 AND list_contains($3, id)",
    [Math.min(...times), Math.max(...times), listValue(ids)],
  );
  return new Set(found.getRows().map(placeName));
}

/** An id begins with the time at which its batch was made, which only speeds the search for it up: any text is as good. */
function madeAt(id: string): number {
  const digits = /^[0-9]{1,15}/.exec(id)?.[0] ?? "0";
  return Number(digits);
}

async function addNames(writer: DuckDBConnection, appendings: readonly Appending[]): Promise<void> {
  const appender = await writer.createAppender("batches");
  try {
    for (const appending of appendings) {
      for (const name of placeOf(appending)) appender.appendVarchar(name);
      for (const at of [madeAt(appending.batch.id), appending.receivedAt]) appender.appendBigInt(BigInt(at));
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}

async function addEvents(writer: DuckDBConnection, appendings: readonly ReadyAppending[]): Promise<void> {
  const appender = await writer.createAppender("events");
  try {
    for (const { chunks } of appendings) for (const chunk of chunks) appender.appendDataChunk(chunk);
  } finally {
    appender.closeSync();
  }
}
