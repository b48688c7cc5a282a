import type { DebugTransaction } from "@wherefrom/model";
import type { Kysely, Selectable } from "kysely";
import { bytesOf, type DebugLimits, type DebugSessionKey, type DebugStore, type KeptTransaction } from "./debug-port.ts";
import type { SqlAccess } from "./sql-access.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** Keeps what debug sessions recorded in a table that all nodes have. */
export function sqlDebugStore({ read, write }: Pick<SqlAccess, "read" | "write">, limits: DebugLimits): DebugStore {
  return {
    add: (key, { transactions, at }) => write((db) => addTransactions(db, { key, transactions, at, limits })),
    list: (key, since) => read(async (db) => (await ofSession(db, key).selectAll().where("at", ">=", since).execute()).map(keptOf)),
    ids: (key, since) => read(async (db) => (await ofSession(db, key).select("id").where("at", ">=", since).execute()).map(({ id }) => id)),
    transaction: (key, { id, since }) =>
      read(async (db) => {
        const row = await ofSession(db, key).selectAll().where("id", "=", id).where("at", ">=", since).executeTakeFirst();
        return row && keptOf(row);
      }),
    delete: (key) => write((db) => deleteSession(db, key)),
    async forget(before) {
      const old = (db: Db) => db.selectFrom("debug_transactions").select("position").where("at", "<", before).limit(1).executeTakeFirst();
      // asked first: nothing is old as a rule, and a write keeps all others waiting
      if ((await read(old)) === undefined) return;
      await write(async (db) => void (await db.deleteFrom("debug_transactions").where("at", "<", before).execute()));
    },
  };
}

function ofSession(db: Db, { organization, environment, session }: DebugSessionKey) {
  return db
    .selectFrom("debug_transactions")
    .where("organization", "=", organization)
    .where("environment", "=", environment)
    .where("session", "=", session)
    .orderBy("position");
}

function keptOf({ id, gateway, content }: Selectable<Tables["debug_transactions"]>): KeptTransaction {
  return { id, gateway, transaction: JSON.parse(content) as DebugTransaction };
}

type Adding = {
  readonly key: DebugSessionKey;
  readonly transactions: readonly KeptTransaction[];
  readonly at: number;
  readonly limits: DebugLimits;
};

async function addTransactions(db: Db, { key, transactions, at, limits }: Adding): Promise<void> {
  const standing = await ofSession(db, key).select(["id", "bytes"]).execute();
  const known = new Set(standing.map(({ id }) => id));
  let held = standing.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = transactions.flatMap((kept) => {
    const bytes = bytesOf(kept);
    if (known.has(kept.id) || known.size >= limits.maxTransactions || held + bytes > limits.maxSessionBytes) return [];
    known.add(kept.id);
    held += bytes;
    return [{ ...key, id: kept.id, gateway: kept.gateway, at, bytes, content: JSON.stringify(kept.transaction) }];
  });
  if (rows.length === 0) return;
  await db.insertInto("debug_transactions").values(rows).execute();
  if (standing.length === 0) await forgetPast(db, limits.maxDebugSessions);
}

/** Sessions beyond the limit: those that got something longest ago. */
async function forgetPast(db: Db, max: number): Promise<void> {
  const named = ["organization", "environment", "session"] as const;
  const newestFirst = db
    .selectFrom("debug_transactions")
    .select(named)
    .groupBy(named)
    .orderBy((row) => row.fn.max("position"), "desc");
  for (const key of await newestFirst.offset(max).limit(max).execute()) await deleteSession(db, key);
}

async function deleteSession(db: Db, { organization, environment, session }: DebugSessionKey): Promise<void> {
  await db
    .deleteFrom("debug_transactions")
    .where("organization", "=", organization)
    .where("environment", "=", environment)
    .where("session", "=", session)
    .execute();
}
