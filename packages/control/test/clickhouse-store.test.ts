import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { EnvironmentKey } from "../src/config-store/port.ts";
import { openClickhouseEvents } from "../src/event-store/clickhouse.ts";
import type { EventStore } from "../src/event-store/port.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { CLICKHOUSE_TEST_PASSWORD, type ClickhouseServer, hasClickhouse, openClickhouseServer } from "./clickhouse-server.ts";
import { batchOf, COUNT, describeEventStore, eventOf, RECEIVED_AT } from "./event-store-contract.ts";

const open = (database: string) => openClickhouseEvents(database, { limits: DEFAULT_CONTROL_LIMITS, now: () => RECEIVED_AT });
const LOCAL: EnvironmentKey = { organization: "local", environment: "demo" };

describe.runIf(hasClickhouse)("ClickHouse", () => {
  let server: ClickhouseServer;
  beforeAll(async () => {
    vi.stubEnv("CLICKHOUSE_PASSWORD", CLICKHOUSE_TEST_PASSWORD);
    server = await openClickhouseServer();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });

  describeEventStore("ClickHouse", async () => {
    const database = await server.database();
    return { open: () => open(database), end: async () => undefined };
  });

  const opened = async (database: string): Promise<EventStore> => {
    const store = await open(database);
    onTestFinished(() => store.close());
    return store;
  };
  const countOf = async (store: EventStore): Promise<number | undefined> => (await store.ask(LOCAL, COUNT))[0]?.points[0]?.measures[0];

  test("what several controls add at the same time counts once", async () => {
    const database = await server.database();
    const stores = await Promise.all([1, 2, 3].map(() => opened(database)));
    const batches = Array.from({ length: 10 }, (_, index) => batchOf([eventOf({ time: index }), eventOf({ time: index })]));
    await Promise.all(stores.flatMap((store) => batches.map((batch) => store.append(LOCAL, batch))));
    for (const store of stores) for (const batch of batches) expect(await store.append(LOCAL, batch)).toEqual({ isNew: false });
    for (const store of stores) expect(await countOf(store)).toBe(20);
  });

  test("what an attempt that nobody looks after left behind goes when ClickHouse merges", async () => {
    const database = await server.database();
    const store = await opened(database);
    await store.append(LOCAL, batchOf([eventOf(), eventOf()]));
    const columns =
      "organization, environment, sender, batch, number, attempt + 1 AS attempt, time, gateway, revision, method, path, header_addresses, address_form";
    await server.ask(database, `INSERT INTO events (${columns.replace(" + 1 AS attempt", "")}) SELECT ${columns} FROM events`);
    expect(await countOf(store)).toBe(4);
    await server.ask(database, "OPTIMIZE TABLE events FINAL");
    expect(await countOf(store)).toBe(2);
  });

  test("a table of the first version is brought up to date, by two controls at a time", async () => {
    const database = await server.database();
    const before = await opened(database);
    await before.append(LOCAL, batchOf([eventOf()]));
    await server.ask(database, "ALTER TABLE events DROP COLUMN observed_action");
    const stores = await Promise.all([opened(database), opened(database)]);
    for (const store of stores) await store.append(LOCAL, batchOf([eventOf({ observedAction: "try" })]));
    expect(await stores[0].ask(LOCAL, { ...COUNT, dimensions: ["observed_action"] })).toMatchObject([
      { values: ["try"], points: [{ measures: [2] }] },
      { values: [undefined], points: [{ measures: [1] }] },
    ]);
  });

  test("a batch whose name was never written is known by its events", async () => {
    const database = await server.database();
    const store = await opened(database);
    const batch = batchOf([eventOf()]);
    await store.append(LOCAL, batch);
    await server.ask(database, "DROP TABLE batches");
    const again = await opened(database);
    expect(await again.append(LOCAL, batch)).toEqual({ isNew: false });
    expect(await countOf(again)).toBe(1);
  });

  const refused = [
    { says: "a password in the URL", change: (url: string) => url.replace("@", ":x@"), code: "CONTROL_DATABASE_UNSUPPORTED" },
    { says: "parameters", change: (url: string) => `${url}?compress=1`, code: "CONTROL_DATABASE_UNSUPPORTED" },
    { says: "a name that is no UTF-8", change: () => "clickhouse://%ff@127.0.0.1:1/x", code: "CONTROL_DATABASE_UNSUPPORTED" },
    { says: "no host", change: () => "clickhouse:///events", code: "CONTROL_DATABASE_UNSUPPORTED" },
    { says: "a user that there is not", change: (url: string) => url.replace("wherefrom@", "nobody@"), code: "CONTROL_DATABASE_DENIED" },
    { says: "a database that there is not", change: (url: string) => `${url}_x`, code: "CONTROL_DATABASE_DENIED" },
    { says: "a port that nobody listens on", change: () => "clickhouse://wherefrom@127.0.0.1:1/x", code: "CONTROL_DATABASE_UNREACHABLE" },
  ];
  test.each(refused)("refuses $says, and shows no password", async ({ change, code }) => {
    const opening = open(change(await server.database()));
    await expect(opening).rejects.toMatchObject({ code });
    await expect(opening).rejects.not.toThrow(CLICKHOUSE_TEST_PASSWORD);
  });

  test("a table of another version is refused and left alone", async () => {
    const database = await server.database();
    await server.ask(database, "CREATE TABLE events (a String) ENGINE = Memory");
    await expect(open(database)).rejects.toMatchObject({ code: "CONTROL_DATABASE_NOT_OURS" });
    expect(await server.ask(database, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'events'")).toEqual([
      ["a"],
    ]);
  });
});
