import { Kysely, PostgresDialect, sql } from "kysely";
import { ControlError } from "../errors.ts";
import { migrateTables } from "./migrate-tables.ts";
import { StoreUnavailable } from "./port.ts";
import { POSTGRES_MIGRATIONS, POSTGRES_SCHEMA } from "./postgres-migrations.ts";
import { openPool, type PostgresLimits, sqlStateOf } from "./postgres-pool.ts";
import type { PostgresUrl } from "./postgres-url.ts";
import type { Tables } from "./tables.ts";

/** The oldest release that the tests run with. */
const MIN_VERSION = 15;

/**
 * Opens connections to a PostgreSQL database and brings its tables up to date.
 *
 * Errors: `ControlError` for a database that cannot be reached or does not let control in, that is of another kind than control needs, whose schema holds
 * something else, or that a newer version has written.
 */
export async function openPostgres({ connectionString, place }: PostgresUrl, limits: PostgresLimits): Promise<Kysely<Tables>> {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: openPool(connectionString, limits) }) });
  try {
    await requireUsable(db, place);
    const migrated = await migrateTables(db, { migrations: POSTGRES_MIGRATIONS, schema: POSTGRES_SCHEMA });
    if (migrated.kind === "newer") throw newerFault(place, migrated.error);
    if (migrated.kind === "failed") throw migrated.error;
    return db;
  } catch (error) {
    await db.destroy();
    throw error instanceof ControlError ? error : openFault(place, error);
  }
}

async function requireUsable(db: Kysely<Tables>, place: string): Promise<void> {
  const asked = sql<{ version: number; encoding: string }>`
    SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding`;
  const [server] = (await asked.execute(db)).rows;
  if (server === undefined || server.version < MIN_VERSION || server.encoding !== "UTF8") {
    const message = `Cannot use the database ${place}: expected PostgreSQL ${MIN_VERSION} or newer and the encoding UTF8, received ${server?.version} and ${server?.encoding}`;
    throw new ControlError("CONTROL_DATABASE_UNSUPPORTED", message);
  }
}

function newerFault(place: string, cause: unknown): ControlError {
  const message = `The database ${place} was written by a newer version: start that version, or choose another database with --database`;
  return new ControlError("CONTROL_DATABASE_NEWER", message, { cause });
}

function openFault(place: string, cause: unknown): unknown {
  const state = sqlStateOf(cause) ?? "";
  const why = cause instanceof Error ? cause.message : String(cause);
  if (state.startsWith("28") || state === "42501" || state === "3D000") {
    const message = `The database ${place} does not let control in (${why}): give the user a password, or the database and the right CREATE in it`;
    return new ControlError("CONTROL_DATABASE_DENIED", message, { cause });
  }
  if (cause instanceof StoreUnavailable) {
    const message = `The database ${place} cannot be used now (${why}): start it, or name another with --database`;
    return new ControlError("CONTROL_DATABASE_UNREACHABLE", message, { cause });
  }
  // A relation, a function or a type of that name is there, and no note that control made it.
  if (state.startsWith("42")) {
    const message = `The schema ${POSTGRES_SCHEMA} of ${place} is not control's (${why}): choose another database with --database`;
    return new ControlError("CONTROL_DATABASE_NOT_OURS", message, { cause });
  }
  return cause;
}
