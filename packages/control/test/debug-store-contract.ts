import type { DebugTransaction } from "@wherefrom/model";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DebugStore, KeptTransaction } from "../src/config-store/debug-port.ts";
import type { StorePlace } from "./config-store-contract.ts";

const ALL = 0;
const KEY = { organization: "local", environment: "demo", session: "s" };

const transactionOf = (mark: string): DebugTransaction => ({ completed: true, point: [{ id: mark, results: [] }] });
const kept = (id: string, mark = id): KeptTransaction => ({ id, gateway: "g", transaction: transactionOf(mark) });
const SIZE = Buffer.byteLength(JSON.stringify(transactionOf("t1")));

/** The part of the contract that is about debug sessions: the tests behind the words of config-store/debug-port.ts. */
export function describeDebugStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describe(`debug store: ${name}`, () => {
    const open = async (limits: Parameters<StorePlace["open"]>[0] = {}): Promise<DebugStore> => {
      const store = await (await placeOf()).open(limits);
      onTestFinished(() => store.close());
      return store.debug;
    };
    type Added = Partial<typeof KEY> & { readonly at?: number };
    const add = (debug: DebugStore, transactions: readonly KeptTransaction[], { at = 1, ...key }: Added = {}) =>
      debug.add({ ...KEY, ...key }, { transactions, at });

    test("what is added is there once, in its order, for its session alone", async () => {
      const debug = await open();
      await add(debug, [kept("t2"), kept("t1")]);
      await Promise.all([add(debug, [kept("t1", "again"), kept("t3")]), add(debug, [kept("t3")])]);
      expect(await debug.list(KEY, ALL)).toEqual([kept("t2"), kept("t1"), kept("t3")]);
      expect(await debug.ids(KEY, ALL)).toEqual(["t2", "t1", "t3"]);
      expect(await debug.transaction(KEY, { id: "t1", since: ALL })).toEqual(kept("t1"));
      for (const other of [{ session: "other" }, { environment: "other" }, { organization: "other" }]) {
        expect(await debug.list({ ...KEY, ...other }, ALL)).toEqual([]);
        expect(await debug.transaction({ ...KEY, ...other }, { id: "t1", since: ALL })).toBeUndefined();
      }
    });

    test("what is deleted or old is gone, and the rest stays", async () => {
      const debug = await open();
      for (const at of [1, 2, 3]) await add(debug, [kept(`t${at}`)], { at });
      await add(debug, [kept("t1")], { session: "other" });
      expect(await debug.ids(KEY, 2)).toEqual(["t2", "t3"]);
      expect((await debug.list(KEY, 3)).map(({ id }) => id)).toEqual(["t3"]);
      expect(await debug.transaction(KEY, { id: "t1", since: 2 })).toBeUndefined();
      await debug.forget(2);
      expect(await debug.ids(KEY, ALL)).toEqual(["t2", "t3"]);
      expect(await debug.ids({ ...KEY, session: "other" }, ALL)).toEqual([]);
      await add(debug, [kept("t1")], { session: "other" });
      await debug.delete(KEY);
      expect(await debug.ids(KEY, ALL)).toEqual([]);
      expect(await debug.ids({ ...KEY, session: "other" }, ALL)).toEqual(["t1"]);
    });

    test("of one session so many are kept and so much, and smaller ones after a large one", async () => {
      const counted = await open({ maxTransactions: 2 });
      await add(counted, [kept("t1")]);
      await add(counted, [kept("t2"), kept("t3")]);
      expect(await counted.ids(KEY, ALL)).toEqual(["t1", "t2"]);
      const weighed = await open({ maxSessionBytes: 2 * SIZE });
      await add(weighed, [kept("large", "x".repeat(2 * SIZE)), kept("t1")]);
      await add(weighed, [kept("t2"), kept("t3")]);
      expect(await weighed.ids(KEY, ALL)).toEqual(["t1", "t2"]);
    });

    test("of more sessions than are kept the one that got something longest ago goes", async () => {
      const debug = await open({ maxDebugSessions: 2 });
      await add(debug, [kept("t1")], { session: "a" });
      await add(debug, [kept("t1")], { session: "b" });
      await add(debug, [kept("t2")], { session: "a" });
      await add(debug, [kept("t1")], { session: "c", environment: "other" });
      const ids = (session: string, environment = "demo") => debug.ids({ ...KEY, session, environment }, ALL);
      expect([await ids("a"), await ids("b"), await ids("c", "other")]).toEqual([["t1", "t2"], [], ["t1"]]);
    });
  });
}
