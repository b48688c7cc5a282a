import { setTimeout as sleep } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { sqlDebugStore } from "./debug-records.ts";
import { type ConfigStore, StoreUnavailable } from "./port.ts";
import { PostgresFeed } from "./postgres-feed.ts";
import { POSTGRES_SCHEMA } from "./postgres-migrations.ts";
import { openPostgres } from "./postgres-open.ts";
import { type PostgresLimits, sqlStateOf } from "./postgres-pool.ts";
import { postgresRunners } from "./postgres-runners.ts";
import { parsePostgresUrl } from "./postgres-url.ts";
import { type StoreOptions, sqlStore } from "./sql-store.ts";
import type { Tables } from "./tables.ts";
import { tellAvailability } from "./tell-availability.ts";
import { createChangeTeller } from "./tell-changes.ts";
import { sqlTurns } from "./turn-records.ts";

export type { PostgresLimits } from "./postgres-pool.ts";

type Db = Kysely<Tables>;

/** How often a write is tried when the server takes it back in favour of another. Ours wait in line, so somebody else has locked our tables. */
const MAX_TRIES = 5;
const MAX_PAUSE_MS = 100;

/** The lock that a write of any node holds; chosen by chance. */
const WRITE_LOCK = 4_931_655_187_208_377;

/** The shared store: a PostgreSQL database, for any number of control nodes. */
export async function openPostgresStore(database: string, { limits, onAvailability }: StoreOptions<PostgresLimits>): Promise<ConfigStore> {
  const url = parsePostgresUrl(database);
  const opened = await openPostgres(url, limits);
  const db = opened.withSchema(POSTGRES_SCHEMA);
  const teller = createChangeTeller(limits.databasePollMs);
  const access = tellAvailability(
    {
      read: (work) => work(db),
      write: (work) => inTransaction(db, { work, timeoutMs: limits.databaseTimeoutMs }),
      close: () => opened.destroy(),
    },
    onAvailability,
  );
  const runners = postgresRunners(limits.databasePollMs);
  const feed = await PostgresFeed.open(access.read, { connectionString: url.connectionString, limits, tell: teller.tell, runners });
  const turns = sqlTurns(access);
  const close = async (): Promise<void> => {
    await feed.close();
    // what is not given up is over soon
    await turns.close().catch(() => undefined);
    await access.close();
  };
  return sqlStore({ ...access, close }, { limits, teller, debug: sqlDebugStore(access, limits), turns, runners });
}

type Step<Result> = { readonly work: (step: Db) => Promise<Result>; readonly timeoutMs: number };

async function inTransaction<Result>(db: Db, step: Step<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.connection().execute((connection) => tryInTransaction(connection, step));
    } catch (error) {
      if (!isTakenBack(error) || tries === MAX_TRIES) throw error;
      await sleep(Math.random() * MAX_PAUSE_MS);
    }
  }
}

/** A serialization failure or a deadlock: another transaction was preferred, and nothing is stored. */
function isTakenBack(error: unknown): boolean {
  return ["40001", "40P01"].includes(sqlStateOf(error) ?? "");
}

async function tryInTransaction<Result>(db: Db, { work, timeoutMs }: Step<Result>): Promise<Result> {
  try {
    await sql.raw(beginOf(timeoutMs)).execute(db);
    const result = await work(db);
    await commit(db);
    return result;
  } catch (error) {
    // A connection that is gone has rolled back by itself.
    await sql`ROLLBACK`.execute(db).catch(() => undefined);
    throw error;
  }
}

/**
 * One write at a time, over all nodes, so that what was read still stands when it is written, and numbers have no gaps. READ COMMITTED: each statement
 * sees what the write before has stored; a stricter level would look at the state from before the wait for the lock.
 *
 * The server ends a transaction whose node has gone without a word, and with it the lock. A database may be set to answer before a commit is on disk.
 */
function beginOf(timeoutMs: number): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL lock_timeout = ${timeoutMs};
    SET LOCAL statement_timeout = ${timeoutMs};
    SET LOCAL idle_in_transaction_session_timeout = ${timeoutMs};
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    SELECT pg_advisory_xact_lock(${WRITE_LOCK})`;
}

async function commit(db: Db): Promise<void> {
  try {
    await sql`COMMIT`.execute(db);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new StoreUnavailable(error.message, { isOutcomeKnown: false, cause: error.cause });
  }
}
