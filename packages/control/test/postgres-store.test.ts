import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { AUDIT_ORIGIN } from "@wherefrom/model";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { PATIENT, withTimeEnough } from "../../../tools/patience.ts";
import { type ConfigStore, type EnvironmentKey, StoreUnavailable } from "../src/config-store/port.ts";
import { openPostgresStore } from "../src/config-store/postgres.ts";
import { hasClickhouse } from "./clickhouse-server.ts";
import { describeConfigStore, optionsOf } from "./config-store-contract.ts";
import { hasPostgres, openCluster, type PostgresCluster } from "./postgres-cluster.ts";
import { describeTwoNodes } from "./two-nodes.ts";
import { describeTwoWatchers } from "./two-watchers.ts";

const by = { at: 1, author: "alice", isAuthorVerified: false, method: "test" };
const ALL = { limit: 1_000 };
const TAKER = fileURLToPath(new URL("query-taker.mjs", import.meta.url));
/** The connections by which controls say that they are there. */
const HERE =
  "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 2";

/** Raises a number by one, so that a write that is lost shows. */
function addOne(store: ConfigStore, environment = "demo"): Promise<unknown> {
  return store.of("local").change(environment, {
    by,
    decide: (current) => ({
      kind: "write",
      content: { settings: { description: String(Number(current?.settings.description ?? 0) + 1) }, routes: [] },
    }),
  });
}

function createOrganization(store: ConfigStore): Promise<unknown> {
  return store.changeOrganization("local", { by, decide: () => ({ kind: "write", content: { settings: {} } }) });
}

describe.runIf(hasPostgres)("PostgreSQL", () => {
  let cluster: PostgresCluster;
  /** One whose tables are made: that takes longer than what most tests ask of it. */
  let made: string;
  beforeAll(async () => {
    cluster = await openCluster("fsync=off");
    made = await cluster.database();
    await (await openPostgresStore(made, optionsOf())).close();
  });
  afterAll(() => cluster.stop());

  const openForNow = (database: string): Promise<ConfigStore> => openPostgresStore(database, optionsOf());
  const openNode = async (database: string): Promise<ConfigStore> => {
    const node = await openForNow(database);
    onTestFinished(() => node.close());
    return node;
  };

  describeConfigStore("PostgreSQL", async () => {
    const database = await cluster.database(made);
    return { open: (limits) => openPostgresStore(database, optionsOf(limits)) };
  });

  describe("two controls on one database", () => describeTwoNodes(() => cluster.database(made)));

  describe.runIf(hasClickhouse)("two controls on one database, and one of events", () => describeTwoWatchers(() => cluster.database(made)));

  test("a turn is one node's until it gives it up, is closed, or its time is over", async () => {
    const database = await cluster.database(made);
    const [left, right] = [await openNode(database), await openForNow(database)];
    const LONG_MS = 600_000;
    expect([await left.turns.take("a", LONG_MS), await right.turns.take("a", LONG_MS), await right.turns.take("b", LONG_MS)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(await left.turns.take("a", LONG_MS)).toBe(true);
    await right.turns.giveUp("a"); // which it does not have
    expect(await right.turns.take("a", LONG_MS)).toBe(false);
    await left.turns.giveUp("a");
    expect([await right.turns.take("a", LONG_MS), await left.turns.take("a", LONG_MS)]).toEqual([true, false]);
    await right.close();
    expect([await left.turns.take("a", LONG_MS), await left.turns.take("b", 0)]).toEqual([true, true]);
    const another = await openNode(database);
    expect([await another.turns.take("a", LONG_MS), await another.turns.take("b", LONG_MS)]).toEqual([false, true]);
  });

  test("a query is one control's while that is there, also when its connections break, and another's as soon as it is killed", async () => {
    const database = await cluster.database(made);
    const { limits, ...options } = optionsOf();
    // the second says very soon who is gone, and the first only after a longer time than the test has
    const openPolling = async (databasePollMs: number): Promise<ConfigStore["queries"]> => {
      const store = await openPostgresStore(database, { ...options, limits: { ...limits, databasePollMs } });
      onTestFinished(() => store.close());
      return store.queries;
    };
    const [patient, hasty] = [await openPolling(1_000_000), await openPolling(20)];
    const asked = { name: undefined, dimensions: "-", parameters: "", columns: [], outputFormat: "json", delimiter: "," } as const;
    const key = { organization: "local", environment: "demo" };
    const added = await hasty.add(key, { asked, submittedBy: "alice", at: 1, keeping: { maxOpenQueries: 1, maxQueries: 1 } });
    const taker = spawn(process.execPath, [TAKER, database], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void taker.kill("SIGKILL"));
    expect(String((await once(taker.stdout, "data"))[0])).toBe(added?.id);
    const takeBy = (queries: ConfigStore["queries"]) => queries.take({ now: Date.now(), until: Date.now() + 3_600_000 });
    expect([await takeBy(patient), await takeBy(hasty)]).toEqual([undefined, undefined]);

    const before = (await cluster.ask(database, HERE)).map(({ pid }) => pid);
    expect(before).toHaveLength(3);
    await cluster.ask(database, `SELECT pg_terminate_backend(pid) FROM (${HERE}) AS here`);
    expect(await takeBy(patient)).toBeUndefined();
    const again = `${HERE} AND pid NOT IN (${before.join()})`;
    // all but the patient one, which has not looked since
    await vi.waitFor(async () => expect(await cluster.ask(database, again)).toHaveLength(2), PATIENT);
    expect([await takeBy(patient), await takeBy(hasty)]).toEqual([undefined, undefined]);

    taker.kill("SIGKILL");
    const taken = await vi.waitFor(async () => (await takeBy(hasty)) ?? Promise.reject(new Error("Nobody gave it up")), PATIENT);
    expect(taken).toMatchObject({ id: added?.id, attempts: 2 });
  });

  test("two nodes that open an empty database at a time make its tables once, and none of their writes is lost", async () => {
    const database = await cluster.database();
    const nodes = await Promise.all([openNode(database), openNode(database)]);
    await Promise.all(nodes.map(createOrganization));
    await Promise.all(nodes.flatMap((node) => Array.from({ length: 15 }, () => addOne(node))));
    const [first] = nodes;
    expect(await first.of("local").read("demo")).toMatchObject({ revision: 30, settings: { description: "30" } });
    expect((await first.of("local").history("demo", ALL)).map(({ revision }) => revision)).toEqual(
      Array.from({ length: 30 }, (_, index) => 30 - index),
    );
    const log = [...(await first.of("local").audit(ALL))].reverse();
    expect(log).toHaveLength(31);
    expect(log.map(({ previousHash }) => previousHash)).toEqual([AUDIT_ORIGIN, ...log.slice(0, -1).map(({ hash }) => hash)]);
  });

  test.each([
    { notifications: "arrive", parameters: "", heard: 2 },
    // A function of the same name, found first, that does nothing: no notification is ever sent.
    { notifications: "are lost", parameters: `&options=${encodeURIComponent("-c search_path=muted,pg_catalog")}`, heard: 0 },
  ])("a node is told what another one writes when notifications $notifications", async ({ parameters, heard }) => {
    const database = await cluster.database();
    await cluster.ask(database, "CREATE SCHEMA muted");
    await cluster.ask(database, "CREATE FUNCTION muted.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''");
    const reader = await openNode(database);
    const writer = await openNode(`${database}${parameters}`);
    const told: EnvironmentKey[] = [];
    const ear = new pg.Client({ connectionString: database });
    await ear.connect();
    onTestFinished(() => ear.end());
    await ear.query("LISTEN wherefrom");
    let notifications = 0;
    ear.on("notification", () => {
      notifications += 1;
    });
    reader.watch(async (changed) => void told.push(changed));
    await createOrganization(writer);
    await addOne(writer, "a");
    await addOne(writer, "b");
    await vi.waitFor(() => expect(told).toHaveLength(2), PATIENT);
    expect(told.map(({ environment }) => environment)).toEqual(["a", "b"]);
    // whatever was sent before its answer has arrived with it
    await ear.query("SELECT 1");
    expect(notifications).toBe(heard);
  });

  test("a node whose database was set back is told what stands, and what is written from then on", async () => {
    const database = await cluster.database();
    const [reader, writer] = [await openNode(database), await openNode(database)];
    await createOrganization(writer);
    const told: EnvironmentKey[] = [];
    reader.watch(async (changed) => void told.push(changed));
    for (const environment of ["a", "b", "a", "c"]) await addOne(writer, environment);
    await vi.waitFor(() => expect(told.map(({ environment }) => environment)).toContain("c"), PATIENT);
    told.length = 0;
    // as it was when a and b had been written once
    await cluster.ask(
      database,
      "DELETE FROM wherefrom.touched WHERE name = 'c'; UPDATE wherefrom.touched SET position = 1 WHERE name = 'a'",
    );
    await vi.waitFor(() => expect(told.map(({ environment }) => environment)).toEqual(["a", "b"]), PATIENT);
    told.length = 0;
    await cluster.ask(database, "SELECT setval('wherefrom.touched_position', 2)");
    await addOne(writer, "b");
    await vi.waitFor(() => expect(told.map(({ environment }) => environment)).toEqual(["b"]), PATIENT);
  });

  test("the database itself refuses to edit or shorten the audit log", async () => {
    const database = await cluster.database();
    await createOrganization(await openNode(database));
    for (const statement of [
      "DELETE FROM wherefrom.audit_log",
      "UPDATE wherefrom.audit_log SET entry = ''",
      "TRUNCATE wherefrom.audit_log",
    ])
      await expect(cluster.ask(database, statement)).rejects.toThrow("only appended to");
  });

  test.each([
    { says: "CONTROL_DATABASE_NEWER", made: "INSERT INTO wherefrom.kysely_migration VALUES ('9999-later', '2100-01-01')", isOpened: true },
    { says: "CONTROL_DATABASE_NOT_OURS", made: "CREATE SCHEMA wherefrom CREATE TABLE environments (colour text)", isOpened: false },
  ])("a database with «$made» is $says and stays as it is", async ({ says, made, isOpened }) => {
    const database = await cluster.database();
    if (isOpened) await (await openPostgresStore(database, optionsOf())).close();
    await cluster.ask(database, made);
    const tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'wherefrom' AND table_name NOT LIKE 'kysely%'";
    const before = await cluster.ask(database, tables);
    await expect(openPostgresStore(database, optionsOf())).rejects.toMatchObject({ code: says });
    expect(await cluster.ask(database, tables)).toEqual(before);
  });

  test("a database that is not there is denied", async () => {
    const database = (await cluster.database()).replace(/test_\d+/, "none");
    await expect(openPostgresStore(database, optionsOf())).rejects.toMatchObject({ code: "CONTROL_DATABASE_DENIED" });
  });

  test("a write that waits too long for another one says that nothing was stored, and works afterwards", async () => {
    await withTimeEnough(500, async (databaseTimeoutMs) => {
      const database = await cluster.database(made);
      const { limits, ...options } = optionsOf();
      const store = await openPostgresStore(database, { ...options, limits: { ...limits, databaseTimeoutMs } });
      onTestFinished(() => store.close());
      await createOrganization(store);
      const holder = new pg.Client({ connectionString: database });
      await holder.connect();
      onTestFinished(() => holder.end());
      await holder.query("BEGIN; LOCK TABLE wherefrom.environments");
      const refused = await addOne(store).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StoreUnavailable);
      expect(refused).toMatchObject({ isOutcomeKnown: true });
      await holder.query("ROLLBACK");
      await addOne(store);
      expect(await store.of("local").read("demo")).toMatchObject({ revision: 1 });
    });
  });

  test("connections that the server ends are made anew, and what was missed is told", async () => {
    const database = await cluster.database();
    const [node, other] = await Promise.all([openNode(database), openNode(database)]);
    await createOrganization(node);
    const told: EnvironmentKey[] = [];
    node.watch(async (changed) => void told.push(changed));
    const others = "datname = current_database() AND pid <> pg_backend_pid()";
    await cluster.ask(database, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
    await vi.waitFor(() => addOne(other), PATIENT);
    await vi.waitFor(() => expect(told.map(({ environment }) => environment)).toContain("demo"), PATIENT);
    await vi.waitFor(() => addOne(node), PATIENT);
  });
});
