import { dirname, resolve } from "node:path";
import { makeFolder } from "@wherefrom/model";
import { Kysely, SqliteAdapter, SqliteDialect, type SqliteDialectConfig } from "kysely";
import Database from "libsql";
import { ControlError } from "../errors.ts";
import { migrateTables } from "./migrate-tables.ts";
import { MIGRATIONS } from "./sqlite-migrations.ts";
import type { Tables } from "./tables.ts";

/** How long opening waits for another process that is just closing the file. */
const BUSY_TIMEOUT_MS = 1_000;

/** SQLite does roll back DDL; Kysely's own adapter says otherwise, and a crash would then leave half a migration. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

/**
 * An open database file. `close` leaves one file that is complete by itself, and lets another process have it. On a disk without room for that the log stays beside the file: nothing
 * is lost, and another process has both when this one ends.
 */
export type OpenedSqlite = { readonly db: Kysely<Tables>; close(): void };

/**
 * Opens a file, makes it and its folder when they are missing, and brings its tables up to date.
 *
 * Errors: `ControlError` for a path that cannot be written, a file another process holds, a file
 * that is no database, a database of a newer version.
 */
export async function openSqlite(given: string): Promise<OpenedSqlite> {
  const path = resolve(given);
  const file = openFile(path);
  const db = new Kysely<Tables>({ dialect: new TransactionalSqliteDialect({ database: file as SqliteDialectConfig["database"] }) });
  const fault = await migrate(db, path);
  const close = (): void => closeFile(file);
  if (fault === undefined) return { db, close };
  close();
  throw fault;
}

/**
 * The driver keeps a closed file open until its statements are collected as garbage, and with it the lock. So the lock is given
 * back first; SQLite does that only outside WAL, and leaving WAL writes the log into the database.
 */
function closeFile(file: Database.Database): void {
  try {
    file.pragma("journal_mode = DELETE");
    file.pragma("locking_mode = NORMAL");
    // the lock goes at the end of the next statement that reads
    file.prepare("SELECT 1 FROM sqlite_schema").all();
  } catch (error) {
    if (!(error instanceof Database.SqliteError && error.code === "SQLITE_FULL")) throw error;
  } finally {
    file.close();
  }
}

/**
 * One process owns the file (`locking_mode = EXCLUSIVE`): a second control on it would publish nothing of what the first one writes.
 * The lock goes with the process, also when it is killed.
 */
function openFile(path: string): Database.Database {
  try {
    makeFolder(dirname(path));
    const file = new Database(path);
    try {
      file.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
      file.pragma("locking_mode = EXCLUSIVE");
      file.pragma("journal_mode = WAL");
      file.pragma("synchronous = FULL");
      file.pragma("foreign_keys = ON");
      file.exec("BEGIN IMMEDIATE; COMMIT");
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    throw openFault(path, error);
  }
}

async function migrate(db: Kysely<Tables>, path: string): Promise<ControlError | undefined> {
  const migrated = await migrateTables(db, { migrations: MIGRATIONS });
  switch (migrated.kind) {
    case "done":
      return undefined;
    case "newer":
      return newerFault(path, migrated.error);
    case "failed":
      return openFault(path, migrated.error);
  }
}

function newerFault(path: string, cause: unknown): ControlError {
  const message = `The database ${path} was written by a newer version: start that version, or choose another file with --database`;
  return new ControlError("CONTROL_DATABASE_NEWER", message, { cause });
}

function openFault(path: string, cause: unknown): ControlError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  if (code.startsWith("SQLITE_BUSY") || /database is locked/.test(text)) {
    const message = `The database ${path} is in use by another process: stop it, or choose another file with --database`;
    return new ControlError("CONTROL_DATABASE_IN_USE", message, { cause });
  }
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT") || /not a database|malformed/.test(text)) {
    const message = `The file ${path} is no database of control: choose another file with --database`;
    return new ControlError("CONTROL_DATABASE_NOT_OURS", message, { cause });
  }
  const message = `Cannot write the database ${path} (${code || text}): make its folder writable, or choose another with --database`;
  return new ControlError("CONTROL_DATABASE_UNWRITABLE", message, { cause });
}
