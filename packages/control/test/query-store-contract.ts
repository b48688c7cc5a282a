import { describe, expect, onTestFinished, test } from "vitest";
import type { ConfigStore } from "../src/config-store/port.ts";
import type { AskedQuery, QueryRecord } from "../src/config-store/query-port.ts";
import type { StorePlace } from "./config-store-contract.ts";

const KEY = { organization: "local", environment: "demo" };
const OTHER = { ...KEY, environment: "other" };
const ALL = { limit: 1_000 };
const KEEPING = { maxOpenQueries: 3, maxQueries: 4 };
const ASKED: AskedQuery = {
  name: "of today",
  dimensions: "apiproxy",
  parameters: "select=sum(message_count)",
  columns: ["it's"],
  outputFormat: "csv",
  delimiter: "\t",
};

/** The part of the contract that is about queries: the tests behind the words of config-store/query-port.ts. */
export function describeQueryStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describe(`query store: ${name}`, () => {
    const open = async (): Promise<ConfigStore["queries"]> => {
      const store = await (await placeOf()).open();
      onTestFinished(() => store.close());
      return store.queries;
    };
    const add = (queries: ConfigStore["queries"], at: number, key = KEY): Promise<QueryRecord | undefined> =>
      queries.add(key, { asked: ASKED, submittedBy: "alice", at, keeping: KEEPING });
    const completed = { kind: "completed", result: "é\n", rows: 1, executionMs: 5 } as const;

    test("a query is what was asked until it is over, and its result is there then", async () => {
      const queries = await open();
      const added = await add(queries, 1_000);
      expect(added).toMatchObject({ key: KEY, state: "enqueued", asked: ASKED, submittedBy: "alice", createdAt: 1_000, attempts: 0 });
      const id = added?.id ?? "";
      expect(await queries.read(KEY, id)).toEqual(added);
      expect(await queries.read(OTHER, id)).toBeUndefined();
      const run = await queries.take({ now: 2_000, until: 3_000 });
      expect(run).toEqual({ ...added, state: "running", attempts: 1, updatedAt: 2_000 });
      expect(await queries.result(KEY, id)).toBeUndefined();
      await queries.finish(run as QueryRecord, { outcome: completed, at: 2_500 });
      const over = { state: "completed", updatedAt: 2_500, rows: 1, executionMs: 5, resultBytes: 3 };
      expect(await queries.read(KEY, id)).toEqual({ ...run, ...over });
      expect(await queries.result(KEY, id)).toBe("é\n");
      expect(await queries.result(OTHER, id)).toBeUndefined();
      expect(await queries.take({ now: 9_000, until: 9_001 })).toBeUndefined();
    });

    test("one that is removed is gone in any state, and whoever ran it ends nothing", async () => {
      const queries = await open();
      const [run, next] = [await add(queries, 1), await add(queries, 2)].map((query) => query as QueryRecord);
      const taken = (await queries.take({ now: 10, until: 20 })) as QueryRecord;
      expect(taken.id).toBe(run?.id);
      expect(await queries.remove(OTHER, taken.id)).toBe(false);
      expect(await queries.remove(KEY, taken.id)).toBe(true);
      await queries.finish(taken, { outcome: completed, at: 11 });
      expect(await queries.read(KEY, taken.id)).toBeUndefined();
      expect(await queries.remove(KEY, taken.id)).toBe(false);
      expect(await queries.list(KEY, ALL)).toEqual([next]);
    });

    test("the oldest is taken up first, by one at a time, and again when its time is over", async () => {
      const queries = await open();
      const [first, second] = [await add(queries, 1), await add(queries, 2, OTHER)];
      const takers = await Promise.all([1, 2, 3].map(() => queries.take({ now: 10, until: 20 })));
      expect(takers.flatMap((taken) => taken?.id ?? []).sort()).toEqual([first?.id, second?.id].sort());
      const gone = takers.find((taken) => taken?.id === first?.id) as QueryRecord;
      expect(await queries.take({ now: 19, until: 30 })).toBeUndefined();
      const again = await queries.take({ now: 20, until: 30 });
      expect(again).toMatchObject({ id: first?.id, attempts: 2 });
      // who was given up for gone comes back
      await queries.finish(gone, { outcome: completed, at: 21 });
      expect((await queries.read(KEY, gone.id))?.state).toBe("running");
      await queries.finish(again as QueryRecord, { outcome: { kind: "failed", error: "it's gone" }, at: 22 });
      expect(await queries.read(KEY, gone.id)).toMatchObject({ state: "failed", error: "it's gone", updatedAt: 22 });
    });

    test("a run that had read what is to be gone ends nothing, and is begun anew", async () => {
      const queries = await open();
      await add(queries, 1);
      const run = (await queries.take({ now: 10, until: 100 })) as QueryRecord;
      expect(await queries.removeResults(OTHER)).toBe(0);
      expect((await queries.read(KEY, run.id))?.state).toBe("running");
      expect(await queries.removeResults(KEY)).toBe(0);
      await queries.finish(run, { outcome: completed, at: 11 });
      expect(await queries.read(KEY, run.id)).toMatchObject({ state: "enqueued" });
      expect(await queries.take({ now: 12, until: 100 })).toMatchObject({ id: run.id, attempts: 2 });
    });

    test("only so many are open, and of those that are over the oldest go", async () => {
      const queries = await open();
      for (const at of [1, 2, 3]) expect(await add(queries, at)).toBeDefined();
      expect(await add(queries, 4)).toBeUndefined();
      expect(await add(queries, 4, OTHER)).toBeDefined();
      for (const now of [10, 11, 12]) {
        const run = (await queries.take({ now, until: 100 })) as QueryRecord;
        await queries.finish(run, { outcome: completed, at: now });
      }
      for (const at of [20, 21]) await add(queries, at);
      const times = async () => (await queries.list(KEY, ALL)).map(({ createdAt }) => createdAt);
      expect(await times()).toEqual([21, 20, 3, 2]);
      await queries.forgetBefore(12);
      expect(await times()).toEqual([21, 20, 3]);
      expect(await queries.removeResults(KEY)).toBe(1);
      expect(await times()).toEqual([21, 20]);
      expect(await queries.list(OTHER, ALL)).toHaveLength(1);
    });
  });
}
