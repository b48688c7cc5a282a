import { setTimeout as sleep } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import type { ClickhouseLimits } from "./clickhouse-open.ts";

const MUTATION_PAUSE_MS = 50;

/** A statement may name some thousands of groups: the texts of each, and what they are written as. */
const ROOM = { max_query_size: "67108864", max_ast_elements: "2000000", max_expanded_ast_elements: "2000000" };

type Until = {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the server can be asked to end what nobody waits for. */
  readonly canEnd?: boolean;
};

const END_UNHEARD = "cancel_http_readonly_queries_on_client_close";

/** Whether a server ends a question whose client has left: older ones know no such setting, and refuse what they do not know. */
export async function canEndUnheard(client: ClickHouseClient): Promise<boolean> {
  return (await rowsOf(client, `SELECT 1 FROM system.settings WHERE name = '${END_UNHEARD}'`)).length > 0;
}

/** Rows of a question, each with its values in the order of the statement. Numbers of 64 bits may come as texts. When the signal aborts nobody waits for it any more, and a server that can ends it. */
export async function rowsOf(
  client: ClickHouseClient,
  query: string,
  { timeoutMs, signal, canEnd = false }: Until = {},
): Promise<unknown[][]> {
  signal?.throwIfAborted();
  const limits = timeoutMs === undefined ? {} : { max_execution_time: Math.ceil(timeoutMs / 1_000) };
  const answered = await client.query({
    query,
    format: "JSONCompact",
    clickhouse_settings: { ...ROOM, ...limits, ...(canEnd && { [END_UNHEARD]: 1 }) },
    ...(signal && { abort_signal: signal }),
  });
  const { data } = await answered.json<unknown[]>();
  signal?.throwIfAborted();
  return data;
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
