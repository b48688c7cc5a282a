import { randomInt } from "node:crypto";
import { sql } from "kysely";
import type pg from "pg";
import type { QueryRunners } from "./query-runners.ts";

/** The advisory locks that say who is there, beside a number of theirs; chosen by chance. */
const LOCK_CLASS = 1_417_206_933;
/** Of the pauses between two attempts to connect again. */
const PAUSES = 3;
const MAX_RUNNER = 2 ** 31 - 1;

export type PostgresRunners = QueryRunners & {
  /** Says on a connection that this control is there, for as long as that connection and this process are. */
  appear(client: pg.Client): Promise<void>;
  /** The connection is gone, and this control is not. */
  disappear(): void;
};

/**
 * Tells by locks which controls are there. PostgreSQL itself gives up the lock of a connection that ends, as the operating system ends those of a process
 * that is killed. One that only connects again is gone for a moment, so who is gone has been for `PAUSES` of `pollMs`.
 */
export function postgresRunners(pollMs: number): PostgresRunners {
  const runner = randomInt(1, MAX_RUNNER);
  const missedSince = new Map<number, number>();
  let isHere = false;
  return {
    async appear(client) {
      // shared: the server may not have noticed yet that the connection before has ended
      await client.query("SELECT pg_advisory_lock_shared($1, $2)", [LOCK_CLASS, runner]);
      isHere = true;
    },
    disappear() {
      isHere = false;
    },
    own: () => (isHere ? runner : undefined),
    async goneOf(db, runners) {
      if (runners.length === 0) return [];
      const { rows } = await sql<{ runner: number }>`
        SELECT objid::bigint AS runner FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database() AND locktype = 'advisory' AND classid = ${LOCK_CLASS} AND objsubid = 2 AND granted`.execute(db);
      const here = new Set(rows.map((row) => row.runner));
      const now = performance.now();
      for (const known of missedSince.keys()) if (here.has(known) || !runners.includes(known)) missedSince.delete(known);
      for (const missed of runners) if (!here.has(missed) && !missedSince.has(missed)) missedSince.set(missed, now);
      return [...missedSince].filter(([, since]) => now - since >= PAUSES * pollMs).map(([missed]) => missed);
    },
  };
}
