import type { ClickHouseClient } from "@clickhouse/client";
import { ADDRESS_FORMS, namesOfAddress } from "./address-keeper.ts";
import { answer, type RunStatement } from "./answer.ts";
import { type Appending, appendBatches } from "./clickhouse-append.ts";
import { canEndUnheard, deleteRows, rowsOf } from "./clickhouse-ask.ts";
import { whileAvailable } from "./clickhouse-fault.ts";
import { type ClickhouseLimits, databaseName, openClickhouse } from "./clickhouse-open.ts";
import { CLICKHOUSE_WRITER, numberSql, placeSql, readHex } from "./clickhouse-sql.ts";
import { countClients } from "./count-clients.ts";
import { type KeptRoom, shareToDelete } from "./kept-room.ts";
import type { EventStore } from "./port.ts";
import { waitingAppends } from "./waiting-appends.ts";

export type ClickhouseOptions = {
  readonly limits: ClickhouseLimits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Batches that are added together. */
const MAX_BATCHES = 64;

/**
 * Opens a ClickHouse database of events, which several controls may share.
 *
 * Errors: `ControlError` CONTROL_DATABASE_….
 */
export async function openClickhouseEvents(analytics: string, { limits, now }: ClickhouseOptions): Promise<EventStore> {
  const client = await openClickhouse(analytics, limits);
  const { eventQuestionTimeoutMs: timeoutMs } = limits;
  const canEnd = await canEndUnheard(client);
  const runUntil = (signal?: AbortSignal): RunStatement => {
    return (write) => rowsOf(client, write(CLICKHOUSE_WRITER), { timeoutMs, signal, canEnd });
  };
  // each makes a part of the table, and ClickHouse refuses too many at once
  const appends = waitingAppends((together: readonly Appending[]) => whileAvailable(() => appendBatches(client, together, limits)), {
    maxTogether: MAX_BATCHES,
  });
  return {
    id: databaseName(analytics),
    append: async (key, batch) => appends.add({ key, batch: { ...batch, events: [...batch.events] }, receivedAt: now() }),
    ask: (key, question, { signal } = {}) =>
      whileAvailable(() => answer(runUntil(signal), { key, question, readAddress: readHex }), signal),
    countClients: (key, question) => whileAvailable(() => countClients(runUntil(), { key, question, readAddress: readHex })),
    deleteBefore: (key, { before }) =>
      whileAvailable(async () => {
        const deleted = await deleteRows(client, "events", { where: `${placeSql(key)} AND time < ${numberSql(before)}`, limits });
        await deleteRows(client, "batches", { where: `${placeSql(key)} AND received_at < ${numberSql(before)}`, limits });
        return deleted;
      }),
    deleteAddress: (key, { address, hashKey }) =>
      whileAvailable(async () => {
        const named = namedSql(address, hashKey);
        return named === undefined ? 0 : deleteRows(client, "events", { where: `${placeSql(key)} AND ${named}`, limits });
      }),
    keepWithin: (maxBytes) => whileAvailable(() => keepWithin(client, { maxBytes, limits })),
    environments: () =>
      whileAvailable(async () => {
        const rows = await rowsOf(client, "SELECT DISTINCT organization, environment FROM batches", {
          timeoutMs: limits.eventWriteTimeoutMs,
        });
        return rows.map(([organization, environment]) => ({ organization: String(organization), environment: String(environment) }));
      }),
    async close() {
      await appends.settled();
      await client.close();
    },
  };
}

type Keeping = { readonly maxBytes: number; readonly limits: ClickhouseLimits };

async function keepWithin(client: ClickHouseClient, { maxBytes, limits }: Keeping): Promise<KeptRoom> {
  const numberOf = async (statement: string): Promise<number> => Number((await rowsOf(client, statement))[0]?.[0] ?? 0);
  const parts = "database = currentDatabase() AND table = 'events' AND active";
  const bytes = await numberOf(`SELECT sum(bytes_on_disk) FROM system.parts WHERE ${parts}`);
  const share = shareToDelete(bytes, maxBytes);
  if (share === 0) return { bytes, deleted: 0, until: undefined };
  const until = Math.round(await numberOf(`SELECT quantile(${share.toFixed(6)})(time) FROM events`));
  const deleted = await deleteRows(client, "events", { where: `time <= ${numberSql(until)}`, limits });
  return { bytes, deleted, until: deleted === 0 ? undefined : until };
}

/** Whether an event names the address anywhere; `undefined` for a text that is none. */
function namedSql(address: string, hashKey: string | undefined): string | undefined {
  const names = namesOfAddress(address, hashKey).map(({ form, number }) => {
    const wanted = CLICKHOUSE_WRITER.value({ type: "address", value: number });
    // a condition that is NULL would be taken for true
    const isNamed = ["resolved_ip", "client_ip", "proxy_client_ip"].map((column) => `coalesce(${column} = ${wanted}, 0)`);
    return `(address_form = ${ADDRESS_FORMS.indexOf(form)} AND (${isNamed.join(" OR ")} OR has(header_addresses, ${wanted})))`;
  });
  return names.length === 0 ? undefined : `(${names.join(" OR ")})`;
}
