import { randomUUID } from "node:crypto";
import { AUDIT_ORIGIN, hashOf, sealAuditEntry } from "@wherefrom/model";
import { type Kysely, type Migration, sql } from "kysely";
import type { Tables } from "./tables.ts";

/**
 * The steps from an empty file to the present tables, in the order of their names. A step that was released is never edited.
 * Each runs in a transaction of its own or not at all: see the dialect in `sqlite-open.ts`. None uses the code of the store, which may
 * come to need tables of a later step.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-environments": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("environments")
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("uid", "text", (column) => column.notNull().unique())
        .addColumn("revision", "integer", (column) => column.notNull())
        .addColumn("created_at", "integer", (column) => column.notNull())
        .addColumn("modified_at", "integer", (column) => column.notNull())
        .addColumn("content", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("environments_key", ["organization", "name"])
        .addForeignKeyConstraint(
          "environments_revision",
          ["organization", "name", "revision"],
          "environment_history",
          ["organization", "name", "revision"],
          (constraint) => constraint.onDelete("restrict"),
        )
        .execute();
      await db.schema
        .createTable("environment_history")
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("revision", "integer", (column) => column.notNull())
        .addColumn("at", "integer", (column) => column.notNull())
        .addColumn("change", "text", (column) => column.notNull())
        .addColumn("content", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("environment_history_key", ["organization", "name", "revision"])
        .execute();
      await db.schema
        .createTable("operations")
        .addColumn("position", "integer", (column) => column.primaryKey().autoIncrement())
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull().unique())
        .addColumn("operation", "text", (column) => column.notNull())
        .execute();
    },
  },
  "0002-organizations-authors-audit": {
    async up(db: Kysely<EarlierTables>): Promise<void> {
      await db.schema
        .alterTable("environment_history")
        .addColumn("author", "text", (column) => column.notNull().defaultTo(""))
        .execute();
      await db.schema
        .alterTable("environment_history")
        .addColumn("author_verified", "integer", (column) => column.notNull().defaultTo(0))
        .execute();
      await db.schema
        .alterTable("environment_history")
        .addColumn("method", "text", (column) => column.notNull().defaultTo(""))
        .execute();
      await db.schema.alterTable("environment_history").addColumn("reason", "text").execute();
      await db.schema.alterTable("environment_history").addColumn("request_id", "text").execute();
      await db.schema
        .createTable("audit_log")
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("sequence", "integer", (column) => column.notNull())
        .addColumn("entry", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("audit_log_key", ["organization", "sequence"])
        .execute();
      for (const change of ["update", "delete"]) {
        const refusal = "BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END";
        await sql.raw(`CREATE TRIGGER audit_log_no_${change} BEFORE ${change} ON audit_log ${refusal}`).execute(db);
      }
      await adoptOrganizations(db);
      await adoptRevisions(db);
    },
  },
  "0003-gateways": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("gateways")
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("environment", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("heard_at", "integer", (column) => column.notNull())
        .addColumn("report", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("gateways_key", ["organization", "environment", "name"])
        .execute();
    },
  },
  "0004-access": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("tokens")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull())
        .addColumn("grants", "text", (column) => column.notNull())
        .addColumn("created_at", "integer", (column) => column.notNull())
        .addColumn("expires_at", "integer")
        .addColumn("last_used_at", "integer")
        .addUniqueConstraint("tokens_name", ["organization", "name"])
        .execute();
      await db.schema
        .createTable("sessions")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("hash", "text", (column) => column.notNull())
        .addColumn("content", "text", (column) => column.notNull())
        .addColumn("created_at", "integer", (column) => column.notNull())
        .addColumn("expires_at", "integer", (column) => column.notNull())
        .addColumn("seen_at", "integer", (column) => column.notNull())
        .execute();
    },
  },
  "0005-session-owners": {
    // nothing had ever made a session
    async up(db: Kysely<unknown>): Promise<void> {
      for (const column of ["organization", "owner"]) {
        await db.schema
          .alterTable("sessions")
          .addColumn(column, "text", (text) => text.notNull().defaultTo(""))
          .execute();
      }
      await db.schema.createIndex("sessions_owner").on("sessions").column("owner").execute();
    },
  },
  "0006-incidents": {
    async up(db: Kysely<unknown>): Promise<void> {
      const texts = ["organization", "environment", "rule", "client", "state", "content"] as const;
      const numbers = ["revision", "first_seen", "last_seen"] as const;
      let table = db.schema
        .createTable("incidents")
        .addColumn("position", "integer", (column) => column.primaryKey().autoIncrement())
        .addColumn("id", "text", (column) => column.notNull().unique());
      for (const name of texts) table = table.addColumn(name, "text", (column) => column.notNull());
      for (const name of numbers) table = table.addColumn(name, "integer", (column) => column.notNull());
      await table.execute();
      await db.schema
        .createIndex("incidents_of_environment")
        .on("incidents")
        .columns(["organization", "environment", "position"])
        .execute();
    },
  },
  "0007-queries": {
    async up(db: Kysely<unknown>): Promise<void> {
      const texts = ["organization", "environment", "state", "content", "result"] as const;
      const numbers = ["attempts", "run_until", "created_at", "updated_at"] as const;
      let table = db.schema
        .createTable("queries")
        .addColumn("position", "integer", (column) => column.primaryKey().autoIncrement())
        .addColumn("id", "text", (column) => column.notNull().unique());
      for (const name of texts) table = table.addColumn(name, "text", (column) => column.notNull());
      for (const name of numbers) table = table.addColumn(name, "integer", (column) => column.notNull());
      await table.execute();
      await db.schema.createIndex("queries_of_environment").on("queries").columns(["organization", "environment", "position"]).execute();
    },
  },
  "0008-content-once": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("environments").dropColumn("content").execute();
    },
  },
  "0009-fit-courses": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("fit_courses")
        .addColumn("organization", "text", (column) => column.notNull())
        .addColumn("environment", "text", (column) => column.notNull())
        .addColumn("uid", "text", (column) => column.notNull())
        .addColumn("content", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("fit_courses_key", ["organization", "environment"])
        .execute();
    },
  },
  "0010-revisions-by-control": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`CREATE INDEX environment_history_by_control ON environment_history (organization, name, revision) WHERE method = 'bots.refresh'`.execute(
        db,
      );
    },
  },
  "0011-query-runners": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("queries").addColumn("runner", "integer").execute();
    },
  },
  "0012-revisions-by-method": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.dropIndex("environment_history_by_control").execute();
      await db.schema
        .createIndex("environment_history_methods")
        .on("environment_history")
        .columns(["organization", "name", "revision", "method"])
        .execute();
    },
  },
};

const EARLIER = { author: "unknown", author_verified: 0, method: "migration", reason: "Made before there was an audit log" } as const;

type EarlierTables = Tables & { environments: Tables["environments"] & { content: string } };

/** An organization was no more than a column until then. */
async function adoptOrganizations(db: Kysely<EarlierTables>): Promise<void> {
  await db.updateTable("environment_history").set(EARLIER).execute();
  const first = db.selectFrom("environment_history").select(["organization", (row) => row.fn.min("at").as("at")]);
  for (const { organization, at } of await first.groupBy("organization").execute()) {
    const key = { organization, name: "", revision: 1 };
    const content = JSON.stringify({ settings: {} });
    const step = { ...key, ...EARLIER, at, change: "created", content, request_id: null } as const;
    await db.insertInto("environment_history").values(step).execute();
    await db
      .insertInto("environments")
      .values({ ...key, uid: randomUUID(), created_at: at, modified_at: at, content })
      .execute();
  }
}

/** Every revision has its entry in the audit log, also one that is older than the log. */
async function adoptRevisions(db: Kysely<EarlierTables>): Promise<void> {
  const heads = new Map<string, { sequence: number; hash: string }>();
  const steps = db.selectFrom("environment_history").selectAll().orderBy("at").orderBy("name").orderBy("revision");
  for (const { organization, name, revision, at, change, content } of await steps.execute()) {
    const { sequence, hash } = heads.get(organization) ?? { sequence: 0, hash: AUDIT_ORIGIN };
    const entry = sealAuditEntry({
      sequence: sequence + 1,
      time: new Date(at).toISOString(),
      author: EARLIER.author,
      authorVerified: false,
      method: EARLIER.method,
      resource: name === "" ? `organizations/${organization}` : `organizations/${organization}/environments/${name}`,
      change: change === "written" ? "UPDATED" : change === "created" ? "CREATED" : "DELETED",
      revision,
      reason: EARLIER.reason,
      contentHash: hashOf(JSON.parse(content)),
      previousHash: hash,
    });
    heads.set(organization, entry);
    await db
      .insertInto("audit_log")
      .values({ organization, sequence: entry.sequence, entry: JSON.stringify(entry) })
      .execute();
  }
}
