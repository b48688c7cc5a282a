import type { Operation } from "@wherefrom/model";
import { type Kysely, sql } from "kysely";
import type { ConfigStore, OrganizationStore, Page, StoredOperation, StoreLimits } from "./port.ts";
import { readAudit } from "./sqlite-audit.ts";
import { openSqlite } from "./sqlite-open.ts";
import {
  changeAll,
  changeEnvironment,
  changeOrganization,
  environmentNames,
  readEnvironment,
  readHistory,
  readOrganization,
  readOrganizations,
  readRevision,
  readStanding,
} from "./sqlite-records.ts";
import type { Tables } from "./sqlite-schema.ts";

type Db = Kysely<Tables>;

/** The embedded store: one SQLite file, WAL, every commit synced to disk. For one process; not for several machines. */
export async function openSqliteStore(database: string, limits: StoreLimits): Promise<ConfigStore> {
  const { db, close } = await openSqlite(database);
  return {
    organizations: () => readOrganizations(db),
    organization: (name) => readOrganization(db, name),
    changeOrganization: (organization, { by, decide }) =>
      inTransaction(db, (step) => changeOrganization(step, { organization, by, decide, limits })),
    of: (organization) => organizationStore(db, { organization, limits }),
    close: () => db.connection().execute(async () => close()),
  };
}

type Scope = { readonly organization: string; readonly limits: StoreLimits };

function organizationStore(db: Db, scope: Scope): OrganizationStore {
  const { organization } = scope;
  return {
    names: () => environmentNames(db, organization),
    read: (name) => readEnvironment(db, { organization, name }),
    readAll: () => inTransaction(db, (step) => readStanding(step, organization)),
    change: (name, { by, decide }) => inTransaction(db, (step) => changeEnvironment(step, { ...scope, name, by, decide })),
    changeAll: ({ by, decide }) => inTransaction(db, (step) => changeAll(step, { ...scope, by, decide })),
    history: (name, page) => readHistory(db, { organization, name, page }),
    revision: (name, revision) => readRevision(db, { organization, name, revision }),
    audit: (page) => readAudit(db, { organization, page }),
    saveOperation: (operation) => inTransaction(db, (step) => saveOperation(step, { ...scope, operation })),
    operation: async (name) => {
      const query = db.selectFrom("operations").select("operation").where("organization", "=", organization).where("name", "=", name);
      const row = await query.executeTakeFirst();
      return row && (JSON.parse(row.operation) as Operation);
    },
    operations: (page) => readOperations(db, { organization, page }),
  };
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

async function readOperations(db: Db, { organization, page }: { organization: string; page: Page }): Promise<readonly StoredOperation[]> {
  const newest = db.selectFrom("operations").selectAll().where("organization", "=", organization).orderBy("position", "desc");
  const { limit, before } = page;
  const rows = await (before === undefined ? newest : newest.where("position", "<", before)).limit(limit).execute();
  return rows.map((row) => ({ position: row.position, operation: JSON.parse(row.operation) as Operation }));
}

async function saveOperation(db: Db, { organization, limits, operation }: Scope & { readonly operation: Operation }): Promise<void> {
  const row = { organization, name: operation.name, operation: JSON.stringify(operation) };
  await db.insertInto("operations").values(row).execute();
  const ours = db.selectFrom("operations").select("position").where("organization", "=", organization);
  const oldest = await ours.orderBy("position", "desc").offset(limits.maxOperations).limit(1).executeTakeFirst();
  if (oldest === undefined) return;
  await db.deleteFrom("operations").where("organization", "=", organization).where("position", "<=", oldest.position).execute();
}
