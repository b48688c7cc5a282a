import { setTimeout as sleep } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import type { ClickhouseLimits } from "./clickhouse-open.ts";

const MUTATION_PAUSE_MS = 50;

/** A statement may name some thousands of groups: the texts of each, and what they are written as. */
const ROOM = { max_query_size: "67108864", max_ast_elements: "2000000", max_expanded_ast_elements: "2000000" };

/** Rows of a question, each with its values in the order of the statement. Numbers of 64 bits may come as texts. */
export async function rowsOf(client: ClickHouseClient, query: string, timeoutMs?: number): Promise<unknown[][]> {
  const limits = timeoutMs === undefined ? {} : { max_execution_time: Math.ceil(timeoutMs / 1_000) };
  const answered = await client.query({ query, format: "JSONCompact", clickhouse_settings: { ...ROOM, ...limits } });
  return (await answered.json<unknown[]>()).data;
}

type Deleting = { readonly where: string; readonly limits: ClickhouseLimits };

/** Deletes and waits until that is done. Resolves with how many rows there were. */
export async function deleteRows(client: ClickHouseClient, table: "events" | "batches", { where, limits }: Deleting): Promise<number> {
  const [row] = await rowsOf(client, `SELECT count(*) FROM ${table} WHERE ${where}`);
  const count = Number(row?.[0]);
  if (count === 0) return 0;
  await client.command({ query: `ALTER TABLE ${table} DELETE WHERE ${where}` });
  const undone = `SELECT 1 FROM system.mutations WHERE database = currentDatabase() AND table = '${table}' AND NOT is_done LIMIT 1`;
  for (let waitedMs = 0; (await rowsOf(client, undone)).length > 0; waitedMs += MUTATION_PAUSE_MS) {
    if (waitedMs >= limits.eventWriteTimeoutMs) throw new Error(`Rows of ${table} were not deleted in time: ClickHouse goes on with it`);
    await sleep(MUTATION_PAUSE_MS);
  }
  return count;
}
