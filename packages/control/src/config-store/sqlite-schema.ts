import type { Generated, Kysely, Migration } from "kysely";

/** Tables of the embedded store. `content` and `operation` are JSON text. */
export type Tables = {
  environments: {
    organization: string;
    name: string;
    uid: string;
    revision: number;
    created_at: number;
    modified_at: number;
    content: string;
  };
  environment_history: {
    organization: string;
    name: string;
    revision: number;
    at: number;
    change: "created" | "written" | "deleted";
    content: string;
  };
  operations: { position: Generated<number>; organization: string; name: string; operation: string };
};

/**
 * The steps from an empty file to the present tables, in the order of their names. A step that was released is never edited.
 * Each runs in a transaction of its own or not at all: see the dialect in `sqlite-open.ts`.
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
};
