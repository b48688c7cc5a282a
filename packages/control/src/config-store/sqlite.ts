import { type Kysely, sql } from "kysely";
import type { ConfigStore, StoreLimits } from "./port.ts";
import { sqlStore } from "./sql-store.ts";
import { openSqlite } from "./sqlite-open.ts";
import type { Tables } from "./tables.ts";
import { createChangeTeller } from "./tell-changes.ts";

/** Pause before a listener is told again what it could not take. */
const RETRY_MS = 1_000;

type Db = Kysely<Tables>;

/** The embedded store: one SQLite file, WAL, every commit synced to disk. For one process; not for several machines. */
export async function openSqliteStore(database: string, limits: StoreLimits): Promise<ConfigStore> {
  const { db, close } = await openSqlite(database);
  return sqlStore(
    {
      read: (work) => work(db),
      write: (work) => inTransaction(db, work),
      close: () => db.connection().execute(async () => close()),
    },
    { limits, teller: createChangeTeller(RETRY_MS) },
  );
}

/** `begin immediate`: the write lock is taken before anything is read, so what was read still stands when it is written. */
async function inTransaction<Result>(db: Db, work: (step: Db) => Promise<Result>): Promise<Result> {
  return db.connection().execute(async (step) => {
    await sql`begin immediate`.execute(step);
    try {
      const result = await work(step);
      await sql`commit`.execute(step);
      return result;
    } catch (error) {
      // After a full disk or a failed commit SQLite has rolled back by itself, and refuses to do it again.
      await sql`rollback`.execute(step).catch(() => undefined);
      throw error;
    }
  });
}
