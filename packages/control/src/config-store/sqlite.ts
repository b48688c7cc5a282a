import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Operation } from "@wherefrom/model";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Change, Changed, ConfigStore, Decide, EnvironmentContent, EnvironmentRecord, Revision, StoreLimits } from "./port.ts";
import { openSqlite } from "./sqlite-open.ts";
import type { Tables } from "./sqlite-schema.ts";

type Options = { readonly organization: string; readonly limits: StoreLimits };
type Db = Kysely<Tables>;

/** The embedded store: one SQLite file, WAL, every commit synced to disk. For one process; not for several machines. */
export async function openSqliteStore(database: string, options: Options): Promise<ConfigStore> {
  const { db, close } = await openSqlite(database);
  const { organization } = options;
  return {
    names: async () => {
      const rows = await db.selectFrom("environments").select("name").where("organization", "=", organization).orderBy("name").execute();
      return rows.map((row) => row.name);
    },
    read: (name) => readEnvironment(db, { organization, name }),
    change: (name, change) => inTransaction(db, (step) => changeEnvironment(step, { ...options, ...change, name })),
    history: (name) => readHistory(db, { organization, name }),
    saveOperation: (operation) => inTransaction(db, (step) => saveOperation(step, { ...options, operation })),
    operation: async (name) => {
      const query = db.selectFrom("operations").select("operation").where("organization", "=", organization).where("name", "=", name);
      const row = await query.executeTakeFirst();
      return row && (JSON.parse(row.operation) as Operation);
    },
    operations: async ({ limit, before }) => {
      const newest = db
        .selectFrom("operations")
        .selectAll()
        .where("organization", "=", organization)
        .orderBy("position", "desc")
        .limit(limit);
      const rows = await (before === undefined ? newest : newest.where("position", "<", before)).execute();
      return rows.map((row) => ({ position: row.position, operation: JSON.parse(row.operation) as Operation }));
    },
    close: () => db.connection().execute(async () => close()),
  };
}

/** `begin immediate`: the write lock is taken before anything is read, so what was read still stands when it is written. */
async function inTransaction<Result>(db: Kysely<Tables>, work: (step: Kysely<Tables>) => Promise<Result>): Promise<Result> {
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

type Key = { readonly organization: string; readonly name: string };

async function readEnvironment(db: Db, { organization, name }: Key): Promise<EnvironmentRecord | undefined> {
  const query = db.selectFrom("environments").selectAll().where("organization", "=", organization).where("name", "=", name);
  const row = await query.executeTakeFirst();
  return row && recordOf(row);
}

function recordOf(row: Selectable<Tables["environments"]>): EnvironmentRecord {
  const { name, uid, revision } = row;
  return {
    name,
    uid,
    revision,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    ...(JSON.parse(row.content) as EnvironmentContent),
  };
}

async function readHistory(db: Db, { organization, name }: Key): Promise<readonly Revision[]> {
  const query = db.selectFrom("environment_history").selectAll().where("organization", "=", organization).where("name", "=", name);
  const rows = await query.orderBy("revision", "desc").execute();
  return rows.map(({ revision, at, change, content }) => ({ revision, at, change, content: JSON.parse(content) as EnvironmentContent }));
}

type ChangeStep = Options & { readonly name: string; readonly at: number; readonly decide: Decide };

async function changeEnvironment(db: Db, step: ChangeStep): Promise<Changed> {
  const before = await readEnvironment(db, step);
  const change = step.decide(before);
  if (before !== undefined && isSame(before, change)) return { revision: before.revision, before, after: before };
  const content = change.kind === "write" ? plainContent(change.content) : before;
  if (content === undefined) throw new Error(`Expected an environment ${step.name} to delete, found none`);
  const revision = (await newestRevision(db, step)) + 1;
  await addHistory(db, { ...step, revision, change: change.kind === "delete" ? "deleted" : before ? "written" : "created", content });
  const after = change.kind === "delete" ? await removeHead(db, step) : await writeHead(db, { ...step, before, content, revision });
  await pruneHistory(db, { ...step, revision });
  return { revision, before, after };
}

function isSame(before: EnvironmentRecord, change: Change): boolean {
  if (change.kind === "delete") return false;
  return isDeepStrictEqual(plainContent(before), plainContent(change.content));
}

/** As it will be read again: without fields that are `undefined`. */
function plainContent({ settings, routes }: EnvironmentContent): EnvironmentContent {
  return JSON.parse(JSON.stringify({ settings, routes })) as EnvironmentContent;
}

async function newestRevision(db: Db, { organization, name }: Key): Promise<number> {
  const query = db.selectFrom("environment_history").select((row) => row.fn.max("revision").as("newest"));
  const found = await query.where("organization", "=", organization).where("name", "=", name).executeTakeFirst();
  return found?.newest ?? 0;
}

type HistoryStep = Key & Pick<Revision, "revision" | "at" | "change" | "content">;

async function addHistory(db: Db, { organization, name, revision, at, change, content }: HistoryStep): Promise<void> {
  const row = { organization, name, revision, at, change, content: textOf(content) };
  await db.insertInto("environment_history").values(row).execute();
}

function textOf({ settings, routes }: EnvironmentContent): string {
  return JSON.stringify({ settings, routes });
}

type HeadStep = ChangeStep & {
  readonly before: EnvironmentRecord | undefined;
  readonly content: EnvironmentContent;
  readonly revision: number;
};

async function writeHead(db: Db, { organization, name, at, before, content, revision }: HeadStep): Promise<EnvironmentRecord> {
  const state = { revision, modified_at: at, content: textOf(content) };
  if (before === undefined) {
    const row = { organization, name, uid: randomUUID(), created_at: at, ...state };
    await db.insertInto("environments").values(row).execute();
    return recordOf(row);
  }
  await db.updateTable("environments").set(state).where("organization", "=", organization).where("name", "=", name).execute();
  return { ...before, ...content, revision, modifiedAt: at };
}

async function removeHead(db: Db, { organization, name }: Key): Promise<undefined> {
  await db.deleteFrom("environments").where("organization", "=", organization).where("name", "=", name).execute();
}

async function pruneHistory(db: Db, { organization, name, revision, limits }: ChangeStep & { readonly revision: number }): Promise<void> {
  const query = db.deleteFrom("environment_history").where("organization", "=", organization).where("name", "=", name);
  await query.where("revision", "<=", revision - limits.maxRevisions).execute();
}

async function saveOperation(db: Db, { organization, limits, operation }: Options & { readonly operation: Operation }): Promise<void> {
  const row = { organization, name: operation.name, operation: JSON.stringify(operation) };
  await db.insertInto("operations").values(row).execute();
  const ours = db.selectFrom("operations").select("position").where("organization", "=", organization);
  const oldest = await ours.orderBy("position", "desc").offset(limits.maxOperations).limit(1).executeTakeFirst();
  if (oldest === undefined) return;
  await db.deleteFrom("operations").where("organization", "=", organization).where("position", "<=", oldest.position).execute();
}
