import { escapeText } from "wherefrom";
import { ControlError } from "../errors.ts";

/** Parameters that mean something to the driver and change nothing that control decides by itself. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "application_name",
  "host",
  "options",
  "port",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslrootcert",
]);

/** Where a PostgreSQL database is. `place` is for people: it has neither user nor password. */
export type PostgresUrl = { readonly connectionString: string; readonly place: string };

/**
 * Reads `postgres://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE[?PARAMETER=…]`. What it leaves out, the driver takes from PGHOST, PGUSER, PGPASSWORD
 * and the password file, as `psql` does.
 *
 * Errors: `ControlError` CONTROL_DATABASE_UNSUPPORTED, which shows nothing of the URL but names of parameters.
 */
export function parsePostgresUrl(text: string): PostgresUrl {
  // A user without a host is a URL for PostgreSQL, and for nobody else.
  const readable = text.replace("@/", "@localhost/");
  if (!URL.canParse(readable)) throw unsupported("expected postgres://USER@HOST:PORT/DATABASE, with %-escapes for other characters");
  const url = new URL(readable);
  const unknown = [...url.searchParams.keys()].filter((name) => !PARAMETERS.has(name));
  if (unknown.length > 0) {
    throw unsupported(`expected no other parameters than ${[...PARAMETERS].join(", ")}, received ${JSON.stringify(unknown.join(", "))}`);
  }
  const host = url.searchParams.get("host") ?? url.host;
  return { connectionString: text, place: escapeText(`postgres://${host}${url.pathname}`) };
}

function unsupported(why: string): ControlError {
  return new ControlError("CONTROL_DATABASE_UNSUPPORTED", `Cannot use the database postgres:…: ${why}`);
}
