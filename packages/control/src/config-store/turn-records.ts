import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { SqlAccess } from "./sql-access.ts";
import type { Tables } from "./tables.ts";
import type { TurnStore } from "./turn-port.ts";

type Db = Kysely<Tables>;

/** How long a turn is remembered that nobody has taken any more. */
const FORGET_MS = 86_400_000;

/** Of the database, in milliseconds since 1970: the clocks of several controls may differ. */
const NOW = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** Turns in a table of PostgreSQL. Each store that is opened is somebody else. */
export function sqlTurns({ read, write }: Pick<SqlAccess, "read" | "write">): TurnStore & { close(): Promise<void> } {
  const holder = randomUUID();
  let hasAny = false;
  return {
    async take(name, forMs) {
      // asked first: a write keeps all others waiting
      if (await read((db) => isOfAnother(db, { name, holder }))) return false;
      const isTaken = await write((db) => takeTurn(db, { name, holder, forMs }));
      hasAny ||= isTaken;
      return isTaken;
    },
    giveUp: (name) =>
      write(async (db) => void (await db.deleteFrom("turns").where("name", "=", name).where("holder", "=", holder).execute())),
    async close() {
      if (hasAny) await write((db) => db.deleteFrom("turns").where("holder", "=", holder).execute());
    },
  };
}

type Turn = { readonly name: string; readonly holder: string };

async function isOfAnother(db: Db, { name, holder }: Turn): Promise<boolean> {
  const found = db.selectFrom("turns").select("name").where("name", "=", name).where("holder", "!=", holder).where("until", ">", NOW);
  return (await found.executeTakeFirst()) !== undefined;
}

async function takeTurn(db: Db, { name, holder, forMs }: Turn & { readonly forMs: number }): Promise<boolean> {
  await db.deleteFrom("turns").where("until", "<", sql<number>`${NOW} - ${FORGET_MS}`).execute();
  const taken = await db
    .insertInto("turns")
    .values({ name, holder, until: sql<number>`${NOW} + ${forMs}` })
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet((row) => ({ holder: row.ref("excluded.holder"), until: row.ref("excluded.until") }))
        .where((row) => row.or([row("turns.holder", "=", holder), row("turns.until", "<=", NOW)])),
    )
    .returning("name")
    .executeTakeFirst();
  return taken !== undefined;
}
