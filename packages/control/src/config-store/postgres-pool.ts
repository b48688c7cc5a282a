import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";
import { StoreUnavailable } from "./port.ts";

/** How long control waits for PostgreSQL, in milliseconds, and how many connections a node may have. */
export type PostgresLimits = {
  readonly databaseConnectTimeoutMs: number;
  readonly databaseTimeoutMs: number;
  readonly databasePollMs: number;
  readonly maxDatabaseConnections: number;
};

/** Over the timeout of a statement at the server, so that the server's own word comes first. */
const GRACE_MS = 1_000;

/** Silence after which the system asks whether the server is still there. */
const KEEP_ALIVE_MS = 10_000;

const BIGINT = 20;

/** Numbers of ours are below 2⁵³, while the driver gives a `bigint` as text. */
const TYPES = { getTypeParser: (oid: number, format?: "text") => (oid === BIGINT ? Number : pg.types.getTypeParser(oid, format)) };

/** What both kinds of connections have in common: those for statements and the one that listens. */
export function connectionConfig(connectionString: string, limits: PostgresLimits): pg.ClientConfig {
  return {
    application_name: "wherefrom",
    connectionString,
    connectionTimeoutMillis: limits.databaseConnectTimeoutMs,
    query_timeout: limits.databaseTimeoutMs + GRACE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: TYPES as pg.CustomTypesConfig,
  };
}

/**
 * Connections for statements. A connection that failed otherwise than by the server's word may still wait for an answer, and is given up.
 *
 * Errors: `StoreUnavailable` for what is not the statement's fault; everything else as the driver throws it.
 */
export function openPool(connectionString: string, limits: PostgresLimits): PostgresPool {
  const pool = new pg.Pool({ ...connectionConfig(connectionString, limits), max: limits.maxDatabaseConnections });
  // A connection that is lost while it is idle or in use says so by an event, too, that ends the process when nobody listens.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return {
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw availabilityOf(error);
      });
      let fault: Error | undefined;
      const query = async (text: string, parameters: readonly unknown[]) => {
        try {
          return await client.query(text, [...parameters]);
        } catch (error) {
          if (!(error instanceof pg.DatabaseError)) fault = error as Error;
          throw availabilityOf(error);
        }
      };
      // Without the cursors that Kysely would take, too.
      return { query: query as unknown as PostgresPoolClient["query"], release: () => client.release(fault) };
    },
    end: () => pool.end(),
  };
}

/**
 * States in which the server cannot do what would be right at another time: connection exceptions (08), insufficient resources (53), operator
 * intervention (57), system errors (58), a standby (25006), a transaction that paused (25P03) or waited for a lock too long (55P03), and a login that is
 * refused (28).
 *
 * Source: PostgreSQL 15, Appendix A.
 */
const UNAVAILABLE = /^(?:08|53|57|58|28|25006|25P03|55P03)/;

function availabilityOf(error: unknown): unknown {
  if (error instanceof pg.DatabaseError && !UNAVAILABLE.test(error.code ?? "")) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StoreUnavailable(`The database does not answer: ${why}`, { isOutcomeKnown: true, cause: error });
}

/** The state that the server gave, also of an error that was made of it. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code;
  return error instanceof StoreUnavailable ? sqlStateOf(error.cause) : undefined;
}
