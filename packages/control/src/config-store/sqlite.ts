import { type Kysely, sql } from "kysely";
import { memoryDebugStore } from "./debug-memory.ts";
import { type ConfigStore, StoreUnavailable } from "./port.ts";
import { leaveQueries } from "./query-records.ts";
import { NO_OTHER_RUNNERS } from "./query-runners.ts";
import { type StoreOptions, sqlStore } from "./sql-store.ts";
import { openSqlite } from "./sqlite-open.ts";
import type { Tables } from "./tables.ts";
import { tellAvailability } from "./tell-availability.ts";
import { createChangeTeller } from "./tell-changes.ts";
import { ALWAYS_MY_TURN } from "./turn-port.ts";

type Db = Kysely<Tables>;

/** Pause before a listener is told again what it could not take. */
const RETRY_MS = 1_000;

/** The embedded store: one SQLite file, WAL, every commit synced to disk. For one process; not for several machines. */
export async function openSqliteStore(file: string, { limits, onAvailability }: StoreOptions): Promise<ConfigStore> {
  const { db, close } = await openSqlite(file);
  // The file is this process's alone. Without room on the disk they are taken up when their time is over.
  await inTransaction(db, leaveQueries).catch(() => undefined);
  const access = {
    read: <Result>(work: (db: Db) => Promise<Result>) => available(() => work(db)),
    write: <Result>(work: (db: Db) => Promise<Result>) => inTransaction(db, work),
    close: () => db.connection().execute(async () => close()),
  };
  return sqlStore(tellAvailability(access, onAvailability), {
    limits,
    teller: createChangeTeller(RETRY_MS),
    debug: memoryDebugStore(limits),
    turns: ALWAYS_MY_TURN,
    runners: NO_OTHER_RUNNERS,
  });
}

/** `begin immediate`: the write lock is taken before anything is read, so what was read still stands when it is written. */
async function inTransaction<Result>(db: Db, work: (step: Db) => Promise<Result>): Promise<Result> {
  return db.connection().execute(async (step) => {
    try {
      const result = await available(async () => {
        await sql`begin immediate`.execute(step);
        return work(step);
      });
      await available(() => sql`commit`.execute(step), { isCommit: true });
      return result;
    } catch (error) {
      // After a full disk or a failed commit SQLite has rolled back by itself, and refuses to do it again.
      await sql`rollback`.execute(step).catch(() => undefined);
      throw error;
    }
  });
}

/** The disk is full, fails, or has become read-only. */
const DISK_FAULT = /^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN)/;

/** When flushing fails, what was to be flushed may be on the disk or not, and only a crash would tell. When the disk is full, nothing is stored. */
async function available<Result>(work: () => Promise<Result>, { isCommit = false } = {}): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!DISK_FAULT.test(code)) throw error;
    const isOutcomeKnown = !isCommit || !code.startsWith("SQLITE_IOERR");
    throw new StoreUnavailable(`The database file cannot be used: ${code}`, { isOutcomeKnown, cause: error });
  }
}
