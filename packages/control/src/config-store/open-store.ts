import { ControlError } from "../errors.ts";
import type { ConfigStore } from "./port.ts";
import { openPostgresStore, type PostgresLimits } from "./postgres.ts";
import type { StoreOptions } from "./sql-store.ts";
import { openSqliteStore } from "./sqlite.ts";

const DATABASE = /^(sqlite|postgres|postgresql):(.+)$/s;

/**
 * Opens the store that a database URL names: `sqlite:PATH` or `postgres://…`.
 *
 * Errors: `ControlError` CONTROL_DATABASE_…, which shows no password.
 */
export function openStore(database: string, options: StoreOptions<PostgresLimits>): Promise<ConfigStore> {
  const [, scheme, path = ""] = DATABASE.exec(database) ?? [];
  switch (scheme) {
    case "sqlite":
      return openSqliteStore(path, options);
    case "postgres":
    case "postgresql":
      return openPostgresStore(database, options);
  }
  const expected = "Expected sqlite:PATH, such as sqlite:./data/control.db, or postgres://USER@HOST/DATABASE";
  throw new ControlError("CONTROL_DATABASE_UNSUPPORTED", `Cannot use the database ${schemeOf(database)}: ${expected}`);
}

/** A database URL may carry a password, so an error shows its scheme only. */
function schemeOf(database: string): string {
  const colon = database.indexOf(":");
  return colon === -1 ? JSON.stringify(database) : `${database.slice(0, colon)}:…`;
}
