import { join } from "node:path";
import { Kysely, Migrator, SqliteDialect, type SqliteDialectConfig } from "kysely";
import Database from "libsql";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteStore } from "../src/config-store/sqlite.ts";
import { MIGRATIONS } from "../src/config-store/sqlite-migrations.ts";
import { optionsOf } from "./config-store-contract.ts";
import { temporaryFolder } from "./control-under-test.ts";

/** A database as it was after a step. */
async function openAt(path: string, step: string) {
  const file = new Database(path);
  // biome-ignore lint/suspicious/noExplicitAny: the tables of earlier versions have no type any more
  const db = new Kysely<any>({ dialect: new SqliteDialect({ database: file as SqliteDialectConfig["database"] }) });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateTo(step);
  expect(error).toBeUndefined();
  return { file, db };
}

/** A database as the first version left it: two organizations that are no more than a column. */
async function makeFirstVersion(path: string): Promise<void> {
  const { file, db } = await openAt(path, "0001-environments");
  const content = JSON.stringify({ settings: { description: "x" }, routes: [] });
  for (const [organization, revision, at, change] of [
    ["acme", 1, 100, "created"],
    ["local", 1, 200, "created"],
    ["local", 2, 300, "written"],
  ] as const) {
    await db.insertInto("environment_history").values({ organization, name: "demo", revision, at, change, content }).execute();
  }
  for (const [organization, revision] of [
    ["acme", 1],
    ["local", 2],
  ] as const) {
    const row = { organization, name: "demo", uid: organization, revision, created_at: 100, modified_at: 300, content };
    await db.insertInto("environments").values(row).execute();
  }
  file.close();
}

test("a database of the first version is brought up to date, and every revision of it gets its place in the audit log", async () => {
  const path = join(await temporaryFolder(), "control.db");
  await makeFirstVersion(path);
  const store = await openSqliteStore(path, optionsOf());
  onTestFinished(() => store.close());
  expect((await store.organizations()).map(({ name, createdAt }) => [name, createdAt])).toEqual([
    ["acme", 100],
    ["local", 200],
  ]);
  const local = store.of("local");
  expect(await local.read("demo")).toMatchObject({ revision: 2, settings: { description: "x" } });
  expect((await local.history("demo", { limit: 9 })).map(({ revision, author }) => [revision, author])).toEqual([
    [2, "unknown"],
    [1, "unknown"],
  ]);
  const log = await local.audit({ limit: 9 });
  expect(log.map(({ sequence, resource, revision, change }) => `${sequence} ${resource} r${revision} ${change}`)).toEqual([
    "3 organizations/local/environments/demo r2 UPDATED",
    "2 organizations/local/environments/demo r1 CREATED",
    "1 organizations/local r1 CREATED",
  ]);
  expect(log.map(({ previousHash }) => previousHash).slice(0, 2)).toEqual(log.map(({ hash }) => hash).slice(1));
});

test("the database itself refuses to edit or shorten the audit log", async () => {
  const path = join(await temporaryFolder(), "control.db");
  const store = await openSqliteStore(path, optionsOf());
  const by = { at: 1, author: "a", isAuthorVerified: false, method: "m" };
  await store.changeOrganization("local", { by, decide: () => ({ kind: "write", content: { settings: {} } }) });
  await store.close();
  const file = new Database(path);
  onTestFinished(() => void file.close());
  expect(() => file.exec("DELETE FROM audit_log")).toThrow("only appended to");
  expect(() => file.exec("UPDATE audit_log SET entry = '{}'")).toThrow("only appended to");
});

test("what an earlier version kept of all kinds together is kept by kind from then on", async () => {
  const path = join(await temporaryFolder(), "control.db");
  const DEBUG = "organizations.environments.apis.revisions.debugsessions.create";
  const key = { organization: "local", name: "demo" };
  const { file, db } = await openAt(path, "0011-query-runners");
  for (const [at, method] of ["organizations.environments.create", DEBUG, "bots.refresh", DEBUG, DEBUG].entries()) {
    const content = JSON.stringify({ settings: { description: String(at) }, routes: [] });
    const change = at === 0 ? "created" : "written";
    const row = { ...key, revision: at + 1, at, change, content, author: "a", author_verified: 1, method };
    await db.insertInto("environment_history").values(row).execute();
  }
  await db
    .insertInto("environments")
    .values({ ...key, uid: "u", revision: 5, created_at: 0, modified_at: 4 })
    .execute();
  file.close();
  const store = await openSqliteStore(path, optionsOf({ maxRevisions: 2, maxDebugRevisions: 2 }));
  onTestFinished(() => store.close());
  const local = store.of("local");
  const kept = async () => (await local.history("demo", { limit: 9 })).map(({ revision }) => revision);
  const by = { at: 9, author: "a", isAuthorVerified: true, method: DEBUG };
  await store.changeOrganization("local", { by, decide: () => ({ kind: "write", content: { settings: {} } }) });
  expect(await kept()).toEqual([5, 4, 3, 2, 1]);
  await local.change("demo", { by, decide: () => ({ kind: "write", content: { settings: { description: "last" }, routes: [] } }) });
  expect(await kept()).toEqual([6, 5, 3, 1]);
});
