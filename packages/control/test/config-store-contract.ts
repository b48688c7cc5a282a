import type { Operation } from "@wherefrom/model";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Change, ConfigStore, EnvironmentContent, StoreLimits } from "../src/config-store/port.ts";

/** An implementation as the contract sees it: a place where a store can be opened, closed and opened again. */
export type StorePlace = { open(limits?: Partial<StoreLimits>): Promise<ConfigStore> };

export const DEFAULT_STORE_LIMITS: StoreLimits = { maxRevisions: 100, maxOperations: 100 };

/** Content whose parts all say the same number, so that a mixture of two states shows. */
function contentOf(mark: number): EnvironmentContent {
  const route = {
    host: "*",
    basePath: "/",
    target: `http://127.0.0.1:${1_000 + mark}`,
    balancing: "round-robin",
    forwardedHeaders: "replace",
    rejectStatus: 400,
    sendExplanation: false,
  } as const;
  return { settings: { description: String(mark) }, routes: [{ name: `route-${mark}`, ...route }] };
}

const write = (mark: number) => (): Change => ({ kind: "write", content: contentOf(mark) });

function operationOf(mark: number): Operation {
  const name = `organizations/local/operations/${mark}`;
  const type = "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata";
  return { name, metadata: { "@type": type, operationType: "UPDATE", targetResourceName: "x", state: "FINISHED" }, done: true };
}

/** What every implementation of the config-store port keeps to: the tests behind the words of config-store/port.ts. */
export function describeConfigStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describe(`config store: ${name}`, () => {
    const open = async (limits?: Partial<StoreLimits>): Promise<ConfigStore> => {
      const store = await (await placeOf()).open(limits);
      onTestFinished(() => store.close());
      return store;
    };

    test("begins empty", async () => {
      const store = await open();
      expect(await store.names()).toEqual([]);
      expect(await store.read("demo")).toBeUndefined();
      expect(await store.history("demo")).toEqual([]);
      expect(await store.operations({ limit: 10 })).toEqual([]);
    });

    test("names come in the order of their code units", async () => {
      const store = await open();
      for (const environment of ["b", "a", "B", "a.1", "_"]) await store.change(environment, { at: 1, decide: write(1) });
      expect(await store.names()).toEqual(["B", "_", "a", "a.1", "b"]);
    });

    test("each change is one revision, told before and after, and kept in the history", async () => {
      const store = await open();
      const first = await store.change("demo", { at: 10, decide: write(1) });
      const second = await store.change("demo", { at: 20, decide: write(2) });
      expect(first).toMatchObject({ revision: 1, before: undefined, after: { revision: 1, createdAt: 10, modifiedAt: 10 } });
      expect(second).toMatchObject({
        revision: 2,
        before: first.after,
        after: { ...contentOf(2), createdAt: 10, modifiedAt: 20, uid: first.after?.uid },
      });
      expect(await store.read("demo")).toEqual(second.after);
      expect(await store.history("demo")).toEqual([
        { revision: 2, at: 20, change: "written", content: contentOf(2) },
        { revision: 1, at: 10, change: "created", content: contentOf(1) },
      ]);
    });

    test("a change that changes nothing is no revision", async () => {
      const store = await open();
      const { after } = await store.change("demo", { at: 10, decide: write(1) });
      const again = await store.change("demo", { at: 20, decide: write(1) });
      expect(again).toEqual({ revision: 1, before: after, after });
      expect(await store.history("demo")).toHaveLength(1);
    });

    test("a refused change leaves everything as it was", async () => {
      const store = await open();
      await store.change("demo", { at: 10, decide: write(1) });
      const refusal = new Error("No");
      const refuse = () => {
        throw refusal;
      };
      await expect(store.change("demo", { at: 20, decide: refuse })).rejects.toBe(refusal);
      expect(await store.read("demo")).toMatchObject({ revision: 1, ...contentOf(1) });
      expect((await store.change("demo", { at: 30, decide: write(2) })).revision).toBe(2);
    });

    test("revisions of a name never repeat, and a new environment has another uid", async () => {
      const store = await open();
      const first = await store.change("demo", { at: 10, decide: write(1) });
      const deleted = await store.change("demo", { at: 20, decide: () => ({ kind: "delete" }) });
      expect(deleted).toEqual({ revision: 2, before: first.after, after: undefined });
      expect(await store.names()).toEqual([]);
      const second = await store.change("demo", { at: 30, decide: write(1) });
      expect(second.after).toMatchObject({ revision: 3, createdAt: 30 });
      expect(second.after?.uid).not.toBe(first.after?.uid);
      expect((await store.history("demo")).map(({ change }) => change)).toEqual(["created", "deleted", "created"]);
    });

    test("of many changes at a time none is lost", async () => {
      const store = await open();
      const add = (current: EnvironmentContent | undefined): Change => ({
        kind: "write",
        content: { settings: { description: String(Number(current?.settings.description ?? 0) + 1) }, routes: [] },
      });
      await Promise.all(Array.from({ length: 20 }, () => store.change("demo", { at: 1, decide: add })));
      expect(await store.read("demo")).toMatchObject({ revision: 20, settings: { description: "20" } });
    });

    test("the newest revisions are kept, and numbering goes on after those that are not", async () => {
      const store = await open({ maxRevisions: 3 });
      for (let mark = 1; mark <= 5; mark += 1) await store.change("demo", { at: mark, decide: write(mark) });
      expect((await store.history("demo")).map(({ revision }) => revision)).toEqual([5, 4, 3]);
    });

    test("operations are kept newest first, in pages, up to the limit", async () => {
      const store = await open({ maxOperations: 3 });
      for (let mark = 1; mark <= 5; mark += 1) await store.saveOperation(operationOf(mark));
      const first = await store.operations({ limit: 2 });
      const second = await store.operations({ limit: 2, before: first.at(-1)?.position });
      expect([...first, ...second].map(({ operation }) => operation)).toEqual([operationOf(5), operationOf(4), operationOf(3)]);
      expect(await store.operation(operationOf(4).name)).toEqual(operationOf(4));
      expect(await store.operation(operationOf(1).name)).toBeUndefined();
    });

    test("everything is there after closing and opening", async () => {
      const place = await placeOf();
      const store = await place.open();
      const { after } = await store.change("demo", { at: 10, decide: write(1) });
      await store.saveOperation(operationOf(1));
      await store.close();
      const reopened = await place.open();
      onTestFinished(() => reopened.close());
      expect(await reopened.read("demo")).toEqual(after);
      expect(await reopened.history("demo")).toHaveLength(1);
      expect(await reopened.operation(operationOf(1).name)).toEqual(operationOf(1));
    });
  });
}
