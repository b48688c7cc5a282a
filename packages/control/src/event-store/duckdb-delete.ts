import type { DuckDBConnection } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import { numberOfAddress } from "./stored-address.ts";

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
  { organization, environment, address }: EnvironmentKey & { readonly address: string },
): Promise<number> {
  const number = numberOfAddress(address);
  if (number === undefined) return 0;
  const wanted = "CAST($3 AS UHUGEINT)";
  const named = `${wanted} IN (resolved_ip, client_ip, proxy_client_ip) OR list_contains(header_addresses, ${wanted})`;
  const { rowsChanged } = await writer.run(`DELETE FROM events WHERE ${OF_ENVIRONMENT} AND (${named})`, [
    organization,
    environment,
    String(number),
  ]);
  return rowsChanged;
}

/** Writes the log into the database, which gives the room of deleted events to new ones. */
export async function compact(writer: DuckDBConnection): Promise<void> {
  await writer.run("CHECKPOINT");
}
