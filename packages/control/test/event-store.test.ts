import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDuckdbEvents } from "../src/event-store/duckdb.ts";
import { heldEnvironments } from "../src/event-store/held-environments.ts";
import { type EventStore, type Question, QuestionTooCostly } from "../src/event-store/port.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { temporaryFolder } from "./control-under-test.ts";
import { batchOf, COUNT, describeEventStore, eventOf, RECEIVED_AT } from "./event-store-contract.ts";

const KEY = { organization: "local", environment: "demo" };
const open = (path: string) => openDuckdbEvents(path, { limits: DEFAULT_CONTROL_LIMITS, now: () => RECEIVED_AT });

describeEventStore("DuckDB", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-events-"));
  const path = join(folder, "events.duckdb");
  return { open: () => open(path), end: () => rm(folder, { recursive: true, force: true }) };
});

test("whose events they are is not asked where all are of one environment, and no answer has those of another", async () => {
  const held = heldEnvironments();
  const other = { ...KEY, environment: "other" };
  held.note(KEY);
  expect(held.isOnly(KEY)).toBe(false); // perhaps there were others before
  held.complete();
  expect([held.isOnly(KEY), held.isOnly(other)]).toEqual([true, false]);
  held.note(other);
  expect([held.isOnly(KEY), held.isOnly(other)]).toEqual([false, false]);
  expect(heldEnvironments().isOnly(KEY)).toBe(false);
});

test("an environment that gets its first events while another is asked about is in none of the answers", async () => {
  const path = join(await temporaryFolder(), "events.duckdb");
  const events = (count: number) => batchOf(Array.from({ length: count }, () => eventOf()));
  const before = await open(path);
  await before.append(KEY, events(2_000));
  await before.close();
  const store = await open(path);
  onTestFinished(() => store.close());
  const asked: Promise<number | undefined>[] = [];
  const ask = (): void => void asked.push(store.ask(KEY, COUNT).then(([group]) => group?.points[0]?.measures[0]));
  for (let round = 0; round < 5; round++) ask();
  expect(await asked[4]).toBe(2_000);
  for (let round = 0; round < 20; round++) {
    ask();
    void store.append({ ...KEY, environment: `other-${round}` }, events(100));
    ask();
  }
  expect(new Set(await Promise.all(asked))).toEqual(new Set([2_000]));
  expect((await store.ask({ ...KEY, environment: "other-3" }, COUNT))[0]?.points[0]?.measures[0]).toBe(100);
});

test("a file of events is for its owner only, and for one process at a time", async () => {
  const path = join(await temporaryFolder(), "events.duckdb");
  const store = await open(path);
  onTestFinished(() => store.close());
  await store.append(KEY, batchOf([eventOf()]));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(`${path}.wal`)).mode & 0o777).toBe(0o600);
  await expect(open(path)).rejects.toMatchObject({ code: "CONTROL_DATABASE_IN_USE" });
});

test("a file of the first version is brought up to date, with what it has", async () => {
  const path = join(await temporaryFolder(), "events.duckdb");
  const before = await open(path);
  await before.append(KEY, batchOf([eventOf()]));
  await before.close();
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run("ALTER TABLE events DROP COLUMN observed_action");
  await connection.run("UPDATE wherefrom_events SET version = 1");
  connection.closeSync();
  instance.closeSync();
  for (const time of [1, 2]) {
    const store = await open(path);
    await store.append(KEY, batchOf([eventOf({ time, observedAction: "try" })]));
    await store.close();
  }
  const store = await open(path);
  onTestFinished(() => store.close());
  expect(await store.ask(KEY, { ...COUNT, dimensions: ["observed_action"] })).toMatchObject([
    { values: ["try"], points: [{ measures: [2] }] },
    { values: [undefined], points: [{ measures: [1] }] },
  ]);
});

/** Takes long: of each event a hundred patterns are asked. */
const SLOW: Question = {
  ...COUNT,
  filter: {
    kind: "or",
    of: Array.from({ length: 100 }, (_, index) => ({ kind: "matches", dimension: "path", pattern: `.*${index}x.*y.*` })),
  },
};

describe("questions that take long", () => {
  const events = Array.from({ length: 8_000 }, (_, time) => eventOf({ time, path: `/${"a1".repeat(100)}` }));
  const openFull = async (eventQuestionTimeoutMs: number): Promise<EventStore> => {
    const path = join(await temporaryFolder(), "events.duckdb");
    const store = await openDuckdbEvents(path, { limits: { ...DEFAULT_CONTROL_LIMITS, eventQuestionTimeoutMs }, now: () => RECEIVED_AT });
    onTestFinished(() => store.close());
    await store.append(KEY, batchOf(events));
    return store;
  };

  test("keep others waiting for so long and no longer, and end nothing else", async () => {
    const store = await openFull(20);
    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => store.ask(KEY, SLOW)));
    expect(new Set(asked.map((one) => (one.status === "rejected" ? one.reason.constructor : one.value)))).toEqual(
      new Set([QuestionTooCostly]),
    );
    expect(await store.append(KEY, batchOf([eventOf()]))).toEqual({ isNew: true });
  });

  test("are worked on for nobody who has left", async () => {
    const store = await openFull(600_000);
    const gone = new AbortController();
    const asked = Promise.allSettled(Array.from({ length: 5 }, () => store.ask(KEY, SLOW, { signal: gone.signal })));
    gone.abort(new Error("The client has left"));
    expect(await asked).toEqual(Array.from({ length: 5 }, () => ({ status: "rejected", reason: new Error("The client has left") })));
    expect((await store.ask(KEY, COUNT))[0]?.points[0]?.measures).toEqual([8_000]);
  });
});

test("a file that is none of ours is refused and left alone", async () => {
  const path = join(await temporaryFolder(), "events.duckdb");
  await writeFile(path, "no database ".repeat(1_000));
  await chmod(path, 0o600);
  await expect(open(path)).rejects.toMatchObject({ code: "CONTROL_DATABASE_NOT_OURS" });
  expect((await stat(path)).size).toBe(12_000);
});
