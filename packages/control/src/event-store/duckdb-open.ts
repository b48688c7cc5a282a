import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { makeFolder } from "@wherefrom/model";
import { ControlError } from "../errors.ts";
import { ADDED_COLUMNS, COLUMNS, type Column, type ColumnType } from "./columns.ts";

export type DuckdbLimits = {
  /** Memory that DuckDB may use for itself, in bytes. What a question needs beyond it goes to a file beside the database. */
  readonly maxEventMemoryBytes: number;
};

/** An open file of events, held by this process alone. */
export type OpenedDuckdb = { readonly instance: DuckDBInstance; readonly writer: DuckDBConnection };

/** Of the tables: one more than columns were added since the first. A file with a higher one was written by a newer version. */
const VERSION = 1 + ADDED_COLUMNS.length;

/**
 * How long the log grows before it is written into the database. Each time the last of the table, up to 122,880 rows, is compressed anew: by DuckDB's own 16 MB,
 * that is some 25,000 events, this was most of what an event cost. A log of this size is read in about a second when the process was ended in between.
 */
const CHECKPOINT_THRESHOLD = "64MB";

/** How long opening waits for a process that is just leaving the file, and how often it looks. */
const BUSY_TIMEOUT_MS = 5_000;
const BUSY_PAUSE_MS = 50;

const TYPES: Readonly<Record<ColumnType, string>> = {
  text: "VARCHAR",
  count: "BIGINT",
  number: "DOUBLE",
  flag: "BOOLEAN",
  address: "UHUGEINT",
  addresses: "UHUGEINT[]",
};

const TABLES = [
  `CREATE TABLE events (organization VARCHAR NOT NULL, environment VARCHAR NOT NULL, ${COLUMNS.map(columnSql).join(", ")})`,
  // made_at is in the order of the table, so that a batch is found without an index over all of them
  "CREATE TABLE batches (organization VARCHAR NOT NULL, environment VARCHAR NOT NULL, gateway VARCHAR NOT NULL, id VARCHAR NOT NULL, made_at BIGINT NOT NULL, received_at BIGINT NOT NULL)",
];

/**
 * Opens a file, makes it and its folder when they are missing.
 *
 * Errors: `ControlError` for a path that cannot be written, a file another process holds, a file that is no such database, one of a newer version.
 */
export async function openDuckdb(path: string, { maxEventMemoryBytes }: DuckdbLimits): Promise<OpenedDuckdb> {
  const settings = {
    memory_limit: `${maxEventMemoryBytes}B`,
    // nothing but the file and what is beside it is ever read or fetched
    enable_external_access: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    checkpoint_threshold: CHECKPOINT_THRESHOLD,
    lock_configuration: "true",
  };
  let instance: DuckDBInstance | undefined;
  try {
    makeFolder(dirname(path));
    instance = await whenFree(() => DuckDBInstance.create(path, settings));
    const writer = await instance.connect();
    await migrate(writer, path);
    return { instance, writer };
  } catch (error) {
    instance?.closeSync();
    throw error instanceof ControlError ? error : openFault(path, error);
  }
}

async function whenFree(open: () => Promise<DuckDBInstance>): Promise<DuckDBInstance> {
  for (let waitedMs = 0; ; waitedMs += BUSY_PAUSE_MS) {
    try {
      return await open();
    } catch (error) {
      if (!isLocked(error) || waitedMs >= BUSY_TIMEOUT_MS) throw error;
      await sleep(BUSY_PAUSE_MS);
    }
  }
}

async function migrate(writer: DuckDBConnection, path: string): Promise<void> {
  await writer.run("BEGIN");
  await writer.run("CREATE TABLE IF NOT EXISTS wherefrom_events (version INTEGER NOT NULL)");
  const [row] = (await writer.runAndReadAll("SELECT version FROM wherefrom_events")).getRows();
  const version = Number(row?.[0] ?? 0);
  if (version > VERSION) {
    const message = `The database ${path} was written by a newer version: start that version, or choose another file with --analytics`;
    throw new ControlError("CONTROL_DATABASE_NEWER", message);
  }
  if (version === 0) {
    for (const table of TABLES) await writer.run(table);
    await writer.run("INSERT INTO wherefrom_events VALUES ($1)", [VERSION]);
  } else if (version < VERSION) {
    for (const column of ADDED_COLUMNS.slice(version - 1)) await writer.run(`ALTER TABLE events ADD COLUMN ${columnSql(column)}`);
    await writer.run("UPDATE wherefrom_events SET version = $1", [VERSION]);
  }
  await writer.run("COMMIT");
}

function columnSql({ name, type }: Column): string {
  return `${name} ${TYPES[type]}`;
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes("Could not set lock on file");
}

function openFault(path: string, cause: unknown): ControlError {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (isLocked(cause)) {
    const message = `The database ${path} is in use by another process: stop it, or choose another file with --analytics`;
    return new ControlError("CONTROL_DATABASE_IN_USE", message, { cause });
  }
  if (/not a valid DuckDB database|already exists|version number/.test(text)) {
    const message = `The file ${path} is no database of events: choose another file with --analytics`;
    return new ControlError("CONTROL_DATABASE_NOT_OURS", message, { cause });
  }
  const message = `Cannot write the database ${path} (${text}): make its folder writable, or choose another with --analytics`;
  return new ControlError("CONTROL_DATABASE_UNWRITABLE", message, { cause });
}
