import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import { ADDRESS_FORMS, namesOfAddress } from "./address-keeper.ts";
import { type KeptRoom, shareToDelete } from "./kept-room.ts";

const OF_ENVIRONMENT = "organization = $1 AND environment = $2";

export async function deleteBefore(
  writer: DuckDBConnection,
  { organization, environment, before }: EnvironmentKey & { readonly before: number },
): Promise<number> {
  const values = [organization, environment, before];
  await writer.run("BEGIN");
  try {
    const { rowsChanged } = await writer.run(`DELETE FROM events WHERE ${OF_ENVIRONMENT} AND time < $3`, values);
    await writer.run(`DELETE FROM batches WHERE ${OF_ENVIRONMENT} AND received_at < $3`, values);
    await writer.run("COMMIT");
    return rowsChanged;
  } catch (error) {
    await writer.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

export async function deleteAddress(
  writer: DuckDBConnection,
  { organization, environment, address, hashKey }: EnvironmentKey & { readonly address: string; readonly hashKey?: string | undefined },
): Promise<number> {
  const wanted = namesOfAddress(address, hashKey);
  const values: DuckDBValue[] = [organization, environment];
  const named = wanted.map(({ form, number }) => {
    values.push(String(number));
    const given = `CAST($${values.length} AS UHUGEINT)`;
    const isNamed = `${given} IN (resolved_ip, client_ip, proxy_client_ip) OR list_contains(header_addresses, ${given})`;
    return `(address_form = ${ADDRESS_FORMS.indexOf(form)} AND (${isNamed}))`;
  });
  if (named.length === 0) return 0;
  const { rowsChanged } = await writer.run(`DELETE FROM events WHERE ${OF_ENVIRONMENT} AND (${named.join(" OR ")})`, values);
  return rowsChanged;
}

/** DuckDB gives room back by groups of 122,880 events, so what is asked for anew before one is empty counts with what is in it. */
export async function keepWithin(writer: DuckDBConnection, { maxBytes }: { readonly maxBytes: number }): Promise<KeptRoom | undefined> {
  // beside a question it cannot be compacted, and what was deleted before would count
  const isCompact = await compact(writer).then(
    () => true,
    () => false,
  );
  if (!isCompact) return undefined;
  const bytes = await numberOf(writer, "SELECT sum(used_blocks * block_size) FROM pragma_database_size()");
  const share = shareToDelete(bytes, maxBytes);
  if (share === 0) return { bytes, deleted: 0, until: undefined };
  const until = await numberOf(writer, `SELECT approx_quantile(time, ${share.toFixed(6)}) FROM events`);
  const { rowsChanged: deleted } = await writer.run("DELETE FROM events WHERE time <= $1", [until]);
  await compact(writer).catch(() => undefined);
  return { bytes, deleted, until: deleted === 0 ? undefined : until };
}

async function numberOf(writer: DuckDBConnection, statement: string): Promise<number> {
  const [row] = (await writer.runAndReadAll(statement)).getRows();
  return Number(row?.[0] ?? 0);
}

/** Writes the log into the database, which gives the room of deleted events to new ones. */
export async function compact(writer: DuckDBConnection): Promise<void> {
  await writer.run("CHECKPOINT");
}
