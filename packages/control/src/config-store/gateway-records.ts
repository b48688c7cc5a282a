import type { GatewayReport } from "@wherefrom/model";
import type { Kysely } from "kysely";
import type { GatewayRecord } from "./port.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Place = Pick<GatewayRecord, "organization" | "environment">;

export async function readGateways(db: Db, { organization, environment }: Place): Promise<readonly GatewayRecord[]> {
  const query = db.selectFrom("gateways").selectAll().where("organization", "=", organization).where("environment", "=", environment);
  const rows = await query.orderBy("name").execute();
  return rows.map(({ heard_at, report, ...row }) => ({ ...row, heardAt: heard_at, report: JSON.parse(report) as GatewayReport }));
}

type Saved = { readonly records: readonly GatewayRecord[]; readonly forgetBefore: number; readonly maxGateways: number };

/** Rows that one statement writes. A large fleet reports every few seconds, and a ban waits while its words are written. */
const MAX_ROWS = 500;

/** Keeps the newest of each gateway, and forgets who was not heard for long or is one too many. */
export async function saveGateways(db: Db, { records, forgetBefore, maxGateways }: Saved): Promise<void> {
  for (let start = 0; start < records.length; start += MAX_ROWS) {
    const rows = records
      .slice(start, start + MAX_ROWS)
      .map(({ heardAt, report, ...key }) => ({ ...key, heard_at: heardAt, report: JSON.stringify(report) }));
    await db
      .insertInto("gateways")
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(["organization", "environment", "name"])
          .doUpdateSet((row) => ({ heard_at: row.ref("excluded.heard_at"), report: row.ref("excluded.report") }))
          .whereRef("gateways.heard_at", "<=", "excluded.heard_at"),
      )
      .execute();
  }
  const places = new Map(records.map((record) => [`${record.organization}/${record.environment}`, record]));
  for (const place of places.values()) await forgetGateways(db, { ...place, forgetBefore, maxGateways });
}

async function forgetGateways(db: Db, { organization, environment, ...limits }: Place & Omit<Saved, "records">): Promise<void> {
  const { forgetBefore, maxGateways } = limits;
  const ours = db.selectFrom("gateways").select(["name", "heard_at"]).where("organization", "=", organization);
  const newest = await ours.where("environment", "=", environment).orderBy("heard_at", "desc").orderBy("name").execute();
  const forgotten = newest.filter(({ heard_at }, place) => place >= maxGateways || heard_at < forgetBefore).map(({ name }) => name);
  if (forgotten.length === 0) return;
  const rows = db.deleteFrom("gateways").where("organization", "=", organization).where("environment", "=", environment);
  await rows.where("name", "in", forgotten).execute();
}
