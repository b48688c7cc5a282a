import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { ControlError } from "../errors.ts";
import { clickhouseFault } from "./clickhouse-fault.ts";
import { ADDED_COLUMNS, COLUMNS, type ColumnType } from "./columns.ts";

export type ClickhouseLimits = {
  /** How long one question may take. */
  readonly eventQuestionTimeoutMs: number;
  /** How long anything else may take. */
  readonly eventWriteTimeoutMs: number;
};

const URL_OF_DATABASE = /^clickhouse(?<tls>s?):\/\/(?<rest>.+)$/s;

/** NULL stands for nothing in all columns but these. */
const ALWAYS_THERE: ReadonlySet<string> = new Set(["time", "header_addresses", "address_form"]);

const TYPES: Readonly<Record<ColumnType, string>> = {
  text: "String",
  count: "Int64",
  number: "Float64",
  flag: "UInt8",
  address: "FixedString(16)",
  addresses: "Array(FixedString(16))",
};

/** The columns of the table of events in its order, behind those that say where a row belongs. */
export const EVENT_COLUMNS = COLUMNS.map((column) => ({ ...column, isNullable: !ALWAYS_THERE.has(column.name) }));

/** Where a row belongs, and of which batch it is. */
const PLACE = ["organization String", "environment String", "sender String", "batch String"];

/** Which event of its batch, and by which attempt to add that. */
const ATTEMPT = ["number UInt64", "attempt UInt64"];

/** What a row of events begins with. */
const EVENT_PLACE = [...PLACE, ...ATTEMPT];

/**
 * All of a table is one partition, so that a batch is in one part and there as a whole. Rows of the same key are the same event, by several attempts:
 * when ClickHouse merges them, that of the greatest attempt is left.
 */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS events (${[...EVENT_PLACE, ...EVENT_COLUMNS.map(columnSql)].join(", ")}) ENGINE = ReplacingMergeTree(attempt) ORDER BY (organization, environment, time, sender, batch, number)`,
  `CREATE TABLE IF NOT EXISTS batches (${PLACE.join(", ")}, received_at Int64) ENGINE = MergeTree ORDER BY (organization, environment, sender, batch)`,
];

/** Servers that can put a part on the disk before they answer, by the first number of their version. */
const FIRST_FLUSHING_VERSION = 21;
const FLUSHING = " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1";

/** No such user, a wrong password, no such database, or not allowed there. Source: ClickHouse, ErrorCodes.cpp. */
const DENIED_CODES: ReadonlySet<string> = new Set(["81", "164", "192", "193", "194", "195", "291", "497", "516"]);

/**
 * Connects to a database of ClickHouse, 18.16 or newer, and makes the tables that are missing.
 *
 * Errors: `ControlError` CONTROL_DATABASE_UNSUPPORTED, …UNREACHABLE, …DENIED, …NOT_OURS. They show no password.
 */
export async function openClickhouse(
  analytics: string,
  { eventQuestionTimeoutMs, eventWriteTimeoutMs }: ClickhouseLimits,
): Promise<ClickHouseClient> {
  const client = createClient({
    ...placeOf(analytics),
    request_timeout: Math.max(eventQuestionTimeoutMs, eventWriteTimeoutMs),
    log: { level: ClickHouseLogLevel.OFF },
  });
  try {
    const [row] = await (await client.query({ query: "SELECT version() AS version", format: "JSONEachRow" })).json<{ version: string }>();
    const settings = Number.parseInt(row?.version ?? "", 10) >= FIRST_FLUSHING_VERSION ? FLUSHING : "";
    for (const table of TABLES) await client.command({ query: table + settings });
    await bringUpToDate(client);
    return client;
  } catch (error) {
    await client.close();
    if (error instanceof ControlError) throw error;
    const { code, message } = clickhouseFault(error);
    const given = `Cannot use the ClickHouse database of events: ${message}`;
    throw new ControlError(DENIED_CODES.has(code) ? "CONTROL_DATABASE_DENIED" : "CONTROL_DATABASE_UNREACHABLE", given, { cause: error });
  }
}

type Place = { readonly url: string; readonly username: string; readonly password: string; readonly database: string };

/** Which database it is, whoever connects to it. */
export function databaseName(analytics: string): string {
  const { url, database } = placeOf(analytics);
  return `${url}/${database}`;
}

/** A URL stands in lists of processes and in scripts, so a password comes by the environment alone. */
function placeOf(analytics: string): Place {
  const { tls = "", rest = "" } = URL_OF_DATABASE.exec(analytics)?.groups ?? {};
  const text = `http${tls}://${rest}`;
  const url = URL.canParse(text) && !rest.startsWith("/") ? new URL(text) : undefined;
  if (url === undefined) throw unsupported("Expected clickhouse://USER@HOST:8123/DATABASE, or clickhouses:// for TLS");
  if (url.password !== "") throw unsupported("Expected no password in the URL: it is read from CLICKHOUSE_PASSWORD");
  if (url.search !== "" || url.hash !== "") throw unsupported("Expected nothing behind the name of the database in the URL");
  return {
    url: url.origin,
    username: decoded(url.username) || "default",
    password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    database: decoded(url.pathname.slice(1)) || "default",
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unsupported("Expected the user and the database in UTF-8, where they are written with % in the URL");
  }
}

function unsupported(expected: string): ControlError {
  return new ControlError("CONTROL_DATABASE_UNSUPPORTED", `Cannot use the database of events: ${expected}`);
}

function columnSql({ name, type, isNullable }: (typeof EVENT_COLUMNS)[number]): string {
  return `${name} ${isNullable ? `Nullable(${TYPES[type]})` : TYPES[type]}`;
}

/** Adds the columns that a table of an earlier version does not have. Errors: `ControlError` CONTROL_DATABASE_NOT_OURS for any other table. */
async function bringUpToDate(client: ClickHouseClient): Promise<void> {
  const given = await columnNames(client);
  const missing = ADDED_COLUMNS.findIndex(({ name }) => !given.includes(name));
  const added = missing === -1 ? [] : EVENT_COLUMNS.slice(missing - ADDED_COLUMNS.length);
  const present = EVENT_COLUMNS.slice(0, EVENT_COLUMNS.length - added.length);
  const expected = [...EVENT_PLACE.map((column) => column.split(" ")[0]), ...present.map(({ name }) => name)];
  if (given.join() !== expected.join()) {
    const message = "The ClickHouse database has a table events that is not of this version of control: give it another database";
    throw new ControlError("CONTROL_DATABASE_NOT_OURS", message);
  }
  for (const column of added) {
    // 18.16 knows no IF NOT EXISTS here, and another control may do the same
    await client.command({ query: `ALTER TABLE events ADD COLUMN ${columnSql(column)}` }).catch(async (error: unknown) => {
      if (!(await columnNames(client)).includes(column.name)) throw error;
    });
  }
}

async function columnNames(client: ClickHouseClient): Promise<readonly string[]> {
  const answer = await client.query({ query: "SELECT * FROM events LIMIT 0", format: "JSONCompact" });
  const { meta = [] } = await answer.json<unknown>();
  return meta.map(({ name }) => name);
}
