import { AUDIT_ORIGIN, auditFaults, hashOf, type Operation, type Route, SIDE_METHODS } from "@wherefrom/model";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { PATIENCE_MS, PATIENT } from "../../../tools/patience.ts";
import {
  type Change,
  type ConfigStore,
  type Decide,
  type EnvironmentContent,
  type GatewayRecord,
  type HistoryPage,
  OrganizationMissing,
  type OrganizationStore,
  type Stamp,
  type StoreLimits,
} from "../src/config-store/port.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { describeAccessStore } from "./access-store-contract.ts";
import { describeDebugStore } from "./debug-store-contract.ts";
import { describeFitCourseStore } from "./fit-course-store-contract.ts";
import { describeIncidentStore } from "./incident-store-contract.ts";
import { describeQueryStore } from "./query-store-contract.ts";

/** An implementation as the contract sees it: a place where a store can be opened, closed and opened again. */
export type StorePlace = { open(limits?: Partial<StoreLimits>): Promise<ConfigStore> };

const DEFAULT_STORE_LIMITS: StoreLimits = {
  maxRevisions: 100,
  maxSecurityRevisions: 100,
  maxDebugRevisions: 100,
  maxControlRevisions: 100,
  maxOperations: 100,
  maxGateways: 100,
  maxSessions: 100,
  maxSessionsOfOwner: 100,
  maxTransactions: 100,
  maxSessionBytes: 1_000_000,
  maxDebugSessions: 100,
};

/** On a busy machine many writes wait long for one of few connections. */
const patient = { databaseConnectTimeoutMs: PATIENCE_MS, databaseTimeoutMs: PATIENCE_MS };

/** How a test opens a store that has such limits, and does not look at its notices. */
export function optionsOf(limits: Partial<StoreLimits> = {}) {
  return { limits: { ...DEFAULT_CONTROL_LIMITS, ...patient, ...DEFAULT_STORE_LIMITS, ...limits }, onAvailability: () => undefined };
}

/** Content whose parts all say the same number, so that a mixture of two states shows. */
function contentOf(mark: number): EnvironmentContent {
  const route = {
    host: "*",
    basePath: "/",
    target: `http://127.0.0.1:${1_000 + mark}`,
    balancing: "round-robin",
    retries: { max: 1, statuses: [], budgetPercent: 10 },
    forwardedHeaders: "replace",
    rejectStatus: 400,
    sendExplanation: false,
  } satisfies Partial<Route>;
  return { settings: { description: String(mark) }, routes: [{ name: `route-${mark}`, ...route }] };
}

/** A change at a time; who, what and why are the same in all tests that do not look at them. */
const at = (time: number): Stamp => ({ at: time, author: "alice", isAuthorVerified: false, method: "test" });

const ALL = { limit: 1_000 };

const write = (mark: number) => (): Change<EnvironmentContent> => ({ kind: "write", content: contentOf(mark) });

function gatewayOf(name: string, heardAt: number, { environment = "demo", revision = 1 } = {}): GatewayRecord {
  return { organization: "local", environment, name, heardAt, report: { revision, requests: heardAt, fallbacks: { "header-absent": 1 } } };
}

function operationOf(mark: number): Operation {
  const name = `organizations/local/operations/${mark}`;
  const type = "type.googleapis.com/google.cloud.apigee.v1.OperationMetadata";
  return { name, metadata: { "@type": type, operationType: "UPDATE", targetResourceName: "x", state: "FINISHED" }, done: true };
}

function createOrganization(store: ConfigStore, name: string): Promise<unknown> {
  return store.changeOrganization(name, { by: at(1), decide: () => ({ kind: "write", content: { settings: {} } }) });
}

/** What every implementation of the config-store port keeps to: the tests behind the words of config-store/port.ts. */
export function describeConfigStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describeAccessStore(name, placeOf);
  describeDebugStore(name, placeOf);
  describeIncidentStore(name, placeOf);
  describeQueryStore(name, placeOf);
  describeFitCourseStore(name, placeOf);
  describe(`config store: ${name}`, () => {
    const openAll = async (limits?: Partial<StoreLimits>): Promise<ConfigStore> => {
      const store = await (await placeOf()).open(limits);
      onTestFinished(() => store.close());
      return store;
    };
    const open = async (limits?: Partial<StoreLimits>): Promise<OrganizationStore> => {
      const store = await openAll(limits);
      await createOrganization(store, "local");
      return store.of("local");
    };

    test("begins empty", async () => {
      const store = await open();
      expect(await store.names()).toEqual([]);
      expect(await store.read("demo")).toBeUndefined();
      expect(await store.history("demo", ALL)).toEqual([]);
      expect(await store.operations({ limit: 10 })).toEqual([]);
    });

    test("names come in the order of their code units", async () => {
      const store = await open();
      for (const environment of ["b", "a", "B", "a.1", "_"]) await store.change(environment, { by: at(1), decide: write(1) });
      expect(await store.names()).toEqual(["B", "_", "a", "a.1", "b"]);
    });

    test("each change is one revision, told before and after, and kept in the history", async () => {
      const store = await open();
      const first = await store.change("demo", { by: at(10), decide: write(1) });
      const second = await store.change("demo", { by: at(20), decide: write(2) });
      expect(first).toMatchObject({ revision: 1, before: undefined, after: { revision: 1, createdAt: 10, modifiedAt: 10 } });
      expect(second).toMatchObject({
        revision: 2,
        before: first.after,
        after: { ...contentOf(2), createdAt: 10, modifiedAt: 20, uid: first.after?.uid },
      });
      expect(await store.read("demo")).toEqual(second.after);
      expect(await store.history("demo", ALL)).toEqual([
        { ...at(20), revision: 2, change: "written", content: contentOf(2) },
        { ...at(10), revision: 1, change: "created", content: contentOf(1) },
      ]);
    });

    test("a change that changes nothing is no revision", async () => {
      const store = await open();
      const { after } = await store.change("demo", { by: at(10), decide: write(1) });
      const again = await store.change("demo", { by: at(20), decide: write(1) });
      expect(again).toEqual({ revision: 1, before: after, after });
      expect(await store.history("demo", ALL)).toHaveLength(1);
    });

    test("a refused change leaves everything as it was", async () => {
      const store = await open();
      await store.change("demo", { by: at(10), decide: write(1) });
      const refusal = new Error("No");
      const refuse = () => {
        throw refusal;
      };
      await expect(store.change("demo", { by: at(20), decide: refuse })).rejects.toBe(refusal);
      expect(await store.read("demo")).toMatchObject({ revision: 1, ...contentOf(1) });
      expect((await store.change("demo", { by: at(30), decide: write(2) })).revision).toBe(2);
    });

    test("revisions of a name never repeat, and a new environment has another uid", async () => {
      const store = await open();
      const first = await store.change("demo", { by: at(10), decide: write(1) });
      const deleted = await store.change("demo", { by: at(20), decide: () => ({ kind: "delete" }) });
      expect(deleted).toEqual({ revision: 2, before: first.after, after: undefined });
      expect(await store.names()).toEqual([]);
      const second = await store.change("demo", { by: at(30), decide: write(1) });
      expect(second.after).toMatchObject({ revision: 3, createdAt: 30 });
      expect(second.after?.uid).not.toBe(first.after?.uid);
      expect((await store.history("demo", ALL)).map(({ change }) => change)).toEqual(["created", "deleted", "created"]);
    });

    test("of many changes at a time none is lost", async () => {
      const store = await open();
      const add = (current: EnvironmentContent | undefined): Change<EnvironmentContent> => ({
        kind: "write",
        content: { settings: { description: String(Number(current?.settings.description ?? 0) + 1) }, routes: [] },
      });
      await Promise.all(Array.from({ length: 20 }, () => store.change("demo", { by: at(1), decide: add })));
      expect(await store.read("demo")).toMatchObject({ revision: 20, settings: { description: "20" } });
    });

    test("of changes that each want the revision they saw, one wins and the others change nothing", async () => {
      const store = await open();
      await store.change("demo", { by: at(1), decide: write(1) });
      const stale = new Error("stale");
      const onRevision = (revision: number, mark: number) =>
        store.change("demo", {
          by: at(2),
          decide(current) {
            if (current?.revision !== revision) throw stale;
            return write(mark)();
          },
        });
      const results = await Promise.allSettled([2, 3, 4, 5, 6].map((mark) => onRevision(1, mark)));
      const won = results.flatMap((result, index) => (result.status === "fulfilled" ? [String(index + 2)] : []));
      expect(won).toHaveLength(1);
      for (const result of results) if (result.status === "rejected") expect(result.reason).toBe(stale);
      expect(await store.read("demo")).toMatchObject({ revision: 2, settings: { description: won[0] } });
      expect(await store.history("demo", ALL)).toHaveLength(2);
    });

    test("the audit log has no gap and no fork when many change different things at a time", async () => {
      const store = await openAll();
      await createOrganization(store, "local");
      const names = ["a", "b", "c", "d"];
      await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          store.of("local").change(names[index % names.length] ?? "", { by: at(index), decide: write(index + 1) }),
        ),
      );
      const log = [...(await store.of("local").audit(ALL))].reverse();
      expect(log.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
      expect(log.map(({ previousHash }) => previousHash)).toEqual([AUDIT_ORIGIN, ...log.slice(0, -1).map(({ hash }) => hash)]);
      for (const { hash, ...sealed } of log) expect(hash).toBe(hashOf(sealed));
      for (const name of names) {
        const history = await store.of("local").history(name, ALL);
        expect(history.map(({ revision }) => revision)).toEqual([6, 5, 4, 3, 2, 1]);
      }
    });

    test("each change is told to who watches, and again to one that could not take it", async () => {
      const store = await openAll();
      await createOrganization(store, "local");
      const told: string[] = [];
      let refusals = 1;
      const end = store.watch(async ({ organization, environment }) => {
        told.push(`${organization}/${environment}`);
        if (environment === "a" && refusals-- > 0) throw new Error("Not now");
      });
      await store.of("local").change("a", { by: at(1), decide: write(1) });
      await vi.waitFor(() => expect(told.filter((name) => name === "local/a").length).toBeGreaterThanOrEqual(2), PATIENT);
      const environments = new Map<string, Change<EnvironmentContent>>([
        ["a", { kind: "delete" }],
        ["b", write(2)()],
      ]);
      told.length = 0;
      await store.of("local").changeAll({ by: at(2), decide: () => ({ environments }) });
      await vi.waitFor(() => expect(new Set(told)).toEqual(new Set(["local/a", "local/b"])), PATIENT);
      end();
      told.length = 0;
      await store.of("local").change("b", { by: at(3), decide: write(3) });
      await store.of("local").change("b", { by: at(4), decide: write(4) });
      expect(told).toEqual([]);
    });

    test.each([
      { limit: 1, before: undefined, says: [3] },
      { limit: 2, before: 3, says: [2, 1] },
      { limit: 9, before: 1, says: [] },
      { limit: 9, before: 1_000_000, says: [3, 2, 1] },
      { limit: 9, before: 0, says: [] },
    ])("a page of $limit before $before has $says", async ({ limit, before, says }) => {
      const store = await open();
      for (let mark = 1; mark <= 3; mark += 1) await store.change("demo", { by: at(mark), decide: write(mark) });
      expect((await store.history("demo", { limit, before })).map(({ revision }) => revision)).toEqual(says);
      // the first entry is that of the organization
      const audited = await store.audit({ limit, before: before === undefined ? undefined : before + 1 });
      expect(audited.map(({ sequence }) => sequence - 1).filter((sequence) => sequence > 0)).toEqual(says);
    });

    test("the newest revisions are kept, and numbering goes on after those that are not", async () => {
      const store = await open({ maxRevisions: 3 });
      for (let mark = 1; mark <= 5; mark += 1) await store.change("demo", { by: at(mark), decide: write(mark) });
      expect((await store.history("demo", ALL)).map(({ revision }) => revision)).toEqual([5, 4, 3]);
    });

    const SIDE_KINDS = [
      { kind: "security", limit: "maxSecurityRevisions" },
      { kind: "debug", limit: "maxDebugRevisions" },
      { kind: "ranges", limit: "maxControlRevisions" },
      { kind: "bots", limit: "maxControlRevisions" },
    ] as const;

    /** Writes a revision for each letter: `c` of configuration, `x` of the kind. Numbers go on where they were. */
    const keepingOf = (store: OrganizationStore, kind: keyof typeof SIDE_METHODS) => {
      let mark = 0;
      return {
        async write(letters: string) {
          for (const letter of letters) {
            mark += 1;
            const method = letter === "c" ? "test" : (SIDE_METHODS[kind][mark % SIDE_METHODS[kind].length] ?? "");
            await store.change("demo", { by: { ...at(mark), method }, decide: write(mark) });
          }
        },
        async kept() {
          const history = await store.history("demo", ALL);
          return history.map(({ revision, method }) => `${revision}${method === "test" ? "" : "x"}`).join(" ");
        },
      };
    };

    test.each(SIDE_KINDS)(
      "of $kind $limit are kept beside those of configuration, and none pushes out one of the other",
      async ({ kind, limit }) => {
        const store = await open({ maxRevisions: 4, [limit]: 2 });
        const keeping = keepingOf(store, kind);
        await keeping.write("ccxxxxxx");
        expect(await keeping.kept()).toBe("8x 7x 2 1");
        await keeping.write("cc");
        expect(await keeping.kept()).toBe("10 9 8x 7x 2 1");
        await keeping.write("xccc");
        expect(await keeping.kept()).toBe("14 13 12 11x 10 8x");
        expect((await store.read("demo"))?.revision).toBe(14);
        const ofKind = async (page: HistoryPage) => (await store.history("demo", page)).map(({ revision }) => revision);
        expect(await ofKind({ ...ALL, kind })).toEqual([11, 8]);
        expect(await ofKind({ limit: 2, before: 14, kind: "configuration" })).toEqual([13, 12]);
      },
    );

    test("of a kind two are kept at the least: what stands, and what other gateways run meanwhile", async () => {
      const keeping = keepingOf(await open({ maxRevisions: 1, maxDebugRevisions: 0 }), "debug");
      await keeping.write("cccxxx");
      expect(await keeping.kept()).toBe("6x 5x 3 2");
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

    test("who changed what, when and why stands in the history", async () => {
      const store = await open();
      const by: Stamp = { at: 5, author: "bob", isAuthorVerified: true, method: "m", reason: "because", requestId: "r-1" };
      await store.change("demo", { by, decide: write(1) });
      expect(await store.revision("demo", 1)).toEqual({ ...by, revision: 1, change: "created", content: contentOf(1) });
      expect(await store.revision("demo", 2)).toBeUndefined();
      expect(await store.revision("other", 1)).toBeUndefined();
    });

    test("a history comes in pages, also that of a deleted environment", async () => {
      const store = await open();
      for (let mark = 1; mark <= 4; mark += 1) await store.change("demo", { by: at(mark), decide: write(mark) });
      await store.change("demo", { by: at(9), decide: () => ({ kind: "delete" }) });
      const first = await store.history("demo", { limit: 2 });
      const second = await store.history("demo", { limit: 9, before: first.at(-1)?.revision });
      expect([...first, ...second].map(({ revision }) => revision)).toEqual([5, 4, 3, 2, 1]);
    });

    test("a deletion elsewhere has an entry in the chain, and makes no revision", async () => {
      const store = await open();
      await store.change("demo", { by: at(10), decide: write(1) });
      const resource = "organizations/local/environments/demo/events";
      await store.noteDeletion({ ...at(20), resource, revision: 1, content: { uid: "u" } });
      const log = await store.audit(ALL);
      expect(log[0]).toMatchObject({
        sequence: 3,
        author: "alice",
        resource,
        change: "DELETED",
        revision: 1,
        contentHash: hashOf({ uid: "u" }),
      });
      expect(auditFaults([...log].reverse())).toEqual([]);
      expect(await store.history("demo", ALL)).toHaveLength(1);
    });

    test("each revision has one entry in the audit log, each entry the hash of the one before", async () => {
      const store = await open();
      await store.change("demo", { by: { ...at(10), reason: "because" }, decide: write(1) });
      await store.change("demo", { by: at(20), decide: write(1) });
      await store.change("demo", { by: at(30), decide: () => ({ kind: "delete" }) });
      const [deleted, created, organization, ...more] = await store.audit(ALL);
      expect(more).toEqual([]);
      expect(organization).toMatchObject({ sequence: 1, resource: "organizations/local", change: "CREATED", previousHash: AUDIT_ORIGIN });
      const { hash, ...sealed } = created ?? {};
      expect(sealed).toEqual({
        sequence: 2,
        time: "1970-01-01T00:00:00.010Z",
        author: "alice",
        authorVerified: false,
        method: "test",
        resource: "organizations/local/environments/demo",
        change: "CREATED",
        revision: 1,
        reason: "because",
        contentHash: hashOf(contentOf(1)),
        previousHash: organization?.hash,
      });
      expect(hash).toBe(hashOf(sealed));
      expect(deleted).toMatchObject({ sequence: 3, change: "DELETED", revision: 2, previousHash: hash });
      expect(await store.audit({ limit: 1, before: 3 })).toEqual([created]);
    });

    test("an organization and its environments change together", async () => {
      const store = await open();
      for (const name of ["a", "b"]) await store.change(name, { by: at(1), decide: write(1) });
      const { organization, environments } = await store.changeAll({
        by: at(2),
        decide: (current) => {
          expect([current.organization.name, ...current.environments.keys()]).toEqual(["local", "a", "b"]);
          const changes = new Map<string, Change<EnvironmentContent>>([
            ["a", write(2)()],
            ["b", { kind: "delete" }],
            ["c", write(3)()],
          ]);
          return { organization: { settings: { displayName: "Ours" } }, environments: changes };
        },
      });
      expect([...environments].map(([name, { revision, after }]) => [name, revision, after?.settings.description])).toEqual([
        ["a", 2, "2"],
        ["b", 2, undefined],
        ["c", 1, "3"],
      ]);
      expect(organization).toMatchObject({ revision: 2, after: { name: "local", settings: { displayName: "Ours" } } });
      const standing = await store.readAll();
      expect([standing.organization.settings, ...standing.environments.keys()]).toEqual([{ displayName: "Ours" }, "a", "c"]);
    });

    test("several environments change together or not at all", async () => {
      const store = await open();
      await store.change("a", { by: at(1), decide: write(1) });
      const before = await store.audit(ALL);
      const environments = new Map<string, Change<EnvironmentContent>>([
        ["a", write(2)()],
        ["missing", { kind: "delete" }],
      ]);
      await expect(store.changeAll({ by: at(2), decide: () => ({ environments }) })).rejects.toThrow("missing");
      expect(await store.read("a")).toMatchObject({ revision: 1, ...contentOf(1) });
      expect(await store.audit(ALL)).toEqual(before);
    });

    test("a decision sees history and gateways as of its own step, and may say why", async () => {
      const store = await openAll();
      await createOrganization(store, "local");
      await store.saveGateways([gatewayOf("a", 10)], { forgetBefore: 0 });
      const local = store.of("local");
      const decide: Decide = async (_current, { history, gateways }) => {
        const mark = (await history(ALL)).length + (await gateways()).length;
        return { ...write(mark)(), reason: `because of ${mark}` };
      };
      await Promise.all([1, 2, 3].map((time) => local.change("demo", { by: at(time), decide })));
      await local.changeAll({
        by: { ...at(4), reason: "asked for" },
        decide: async (_current, gateways) => ({
          environments: new Map([["demo", { ...write((await gateways("demo")).length)(), reason: "not told" }]]),
        }),
      });
      expect((await local.history("demo", ALL)).map(({ content, reason }) => [content.settings.description, reason])).toEqual([
        ["1", "asked for"],
        ["3", "because of 3"],
        ["2", "because of 2"],
        ["1", "because of 1"],
      ]);
    });

    test("a stage is part of what is versioned, and gone when a revision has none", async () => {
      const store = await open();
      const stage = { firstGateways: ["gw-a"], watchMs: 60_000, maxFallbackRise: 0.02, minRequests: 100 };
      await store.change("demo", { by: at(10), decide: write(1) });
      await store.change("demo", { by: at(20), decide: () => ({ kind: "write", content: { ...contentOf(2), stage } }) });
      expect(await store.read("demo")).toMatchObject({ revision: 2, stage });
      const { after } = await store.change("demo", { by: at(30), decide: write(2) });
      expect(after).not.toHaveProperty("stage");
      expect((await store.history("demo", ALL)).map(({ content }) => content.stage)).toEqual([undefined, stage, undefined]);
    });

    test("what others run becomes a revision of its own, in the same step and just before", async () => {
      const store = await open();
      const told: (string | undefined)[] = [];
      const stage = { firstGateways: ["gw-a"], watchMs: 60_000, maxFallbackRise: 0.02, minRequests: 100 };
      const tried = { ...contentOf(2), stage };
      await store.change("demo", { by: at(10), decide: write(1) });
      await store.change("demo", { by: at(20), decide: () => ({ kind: "write", content: tried }) });
      const both = (number: number) =>
        store.change("demo", {
          by: at(number),
          decide(_current, { others }) {
            told.push(others?.settings.description);
            const security = { actions: [], enabledAt: number };
            return { kind: "write", content: { ...tried, security }, others: { ...contentOf(1), security } };
          },
        });
      const changed = await Promise.all([both(30), both(31)]);
      // who comes first is not said
      const order = changed.toSorted((left, right) => left.revision - right.revision);
      expect(order.map(({ revision, before, after }) => [before?.revision, revision, after?.revision])).toEqual([
        [2, 4, 4],
        [4, 6, 6],
      ]);
      expect(told).toEqual(["1", "1"]);
      const history = await store.history("demo", ALL);
      expect(history.map(({ revision, content }) => [revision, content.settings.description, content.stage !== undefined])).toEqual([
        [6, "2", true],
        [5, "1", false],
        [4, "2", true],
        [3, "1", false],
        [2, "2", true],
        [1, "1", false],
      ]);
      const [first, last] = order.map(({ after }) => after?.security?.enabledAt);
      expect([first, last].toSorted()).toEqual([30, 31]);
      expect(history.map(({ content }) => content.security?.enabledAt)).toEqual([last, last, first, first, undefined, undefined]);
      const log = await store.audit(ALL);
      expect(auditFaults([...log].reverse())).toEqual([]);
      expect(log.map(({ revision }) => revision).slice(0, 4)).toEqual([6, 5, 4, 3]);
    });

    test("of a gateway the newest word is kept, until it was not heard for long", async () => {
      const store = await openAll();
      await createOrganization(store, "local");
      const said = (environment: string) => store.of("local").gateways(environment);
      await store.saveGateways([gatewayOf("b", 10), gatewayOf("a", 10), gatewayOf("a", 10, { environment: "other" })], { forgetBefore: 0 });
      expect(await said("demo")).toEqual([gatewayOf("a", 10), gatewayOf("b", 10)]);
      await store.saveGateways([gatewayOf("a", 30, { revision: 3 })], { forgetBefore: 0 });
      await store.saveGateways([gatewayOf("a", 20, { revision: 2 })], { forgetBefore: 0 }); // another control heard it earlier
      expect(await said("demo")).toEqual([gatewayOf("a", 30, { revision: 3 }), gatewayOf("b", 10)]);
      await store.saveGateways([gatewayOf("c", 40)], { forgetBefore: 11 });
      expect((await said("demo")).map(({ name }) => name)).toEqual(["a", "c"]);
      expect(await said("other")).toHaveLength(1);
      expect(await store.of("other").gateways("demo")).toEqual([]);
    });

    test("more gateways than one statement writes are kept, each with its newest word", async () => {
      const store = await openAll({ maxGateways: 2_000 });
      const all = (heardAt: number) => Array.from({ length: 1_201 }, (_, number) => gatewayOf(`g${number}`, heardAt));
      await store.saveGateways(all(20), { forgetBefore: 0 });
      await store.saveGateways([gatewayOf("g1200", 30), ...all(10).slice(0, 1_200)], { forgetBefore: 0 });
      const said = await store.of("local").gateways("demo");
      expect([said.length, said.filter(({ heardAt }) => heardAt === 20).length]).toEqual([1_201, 1_200]);
      expect(said.find(({ name }) => name === "g1200")).toEqual(gatewayOf("g1200", 30));
    });

    test("of many gateways those heard longest ago are forgotten, in each environment", async () => {
      const store = await openAll({ maxGateways: 2 });
      const all = [gatewayOf("a", 30), gatewayOf("b", 10), gatewayOf("c", 20), gatewayOf("a", 5, { environment: "other" })];
      await store.saveGateways(all, { forgetBefore: 0 });
      expect((await store.of("local").gateways("demo")).map(({ name }) => name)).toEqual(["a", "c"]);
      expect(await store.of("local").gateways("other")).toHaveLength(1);
    });

    test("organizations do not see each other", async () => {
      const store = await openAll();
      for (const name of ["b", "a"]) await createOrganization(store, name);
      await store.of("a").change("demo", { by: at(1), decide: write(1) });
      await store.of("a").saveOperation(operationOf(1));
      const other = store.of("b");
      expect((await store.organizations()).map(({ name, revision }) => [name, revision])).toEqual([
        ["a", 1],
        ["b", 1],
      ]);
      expect([await other.names(), await other.read("demo"), await other.history("demo", ALL), await other.operations(ALL)]).toEqual([
        [],
        undefined,
        [],
        [],
      ]);
      expect(await other.audit(ALL)).toHaveLength(1);
    });

    test("an organization is told of its environments, and its log outlives it", async () => {
      const store = await openAll();
      await createOrganization(store, "acme");
      const acme = store.of("acme");
      await acme.change("demo", { by: at(1), decide: write(1) });
      const told: (readonly string[])[] = [];
      const remove = () =>
        store.changeOrganization("acme", {
          by: at(2),
          decide: (_current, environments) => {
            told.push(environments);
            return { kind: "delete" };
          },
        });
      await expect(remove()).rejects.toThrow();
      await acme.change("demo", { by: at(3), decide: () => ({ kind: "delete" }) });
      expect(await remove()).toMatchObject({ revision: 2, before: { name: "acme" }, after: undefined });
      expect(told).toEqual([["demo"], []]);
      expect(await store.organization("acme")).toBeUndefined();
      expect(await acme.audit(ALL)).toHaveLength(4);
      expect(await createOrganization(store, "acme")).toMatchObject({ revision: 3, after: { name: "acme" } });
      expect((await acme.audit(ALL))[0]).toMatchObject({ sequence: 5, revision: 3 });
    });

    test("a change of an organization that is not there is refused", async () => {
      const store = await openAll();
      await expect(store.of("none").change("demo", { by: at(1), decide: write(1) })).rejects.toBeInstanceOf(OrganizationMissing);
      await expect(store.of("none").changeAll({ by: at(1), decide: () => ({ environments: new Map() }) })).rejects.toBeInstanceOf(
        OrganizationMissing,
      );
      await expect(store.of("none").readAll()).rejects.toBeInstanceOf(OrganizationMissing);
      expect(await store.of("none").audit(ALL)).toEqual([]);
    });

    test("everything is there after closing and opening", async () => {
      const place = await placeOf();
      const first = await place.open();
      await createOrganization(first, "local");
      const store = first.of("local");
      const { after } = await store.change("demo", { by: at(10), decide: write(1) });
      await store.saveOperation(operationOf(1));
      await first.saveGateways([gatewayOf("a", 10)], { forgetBefore: 0 });
      const log = await store.audit(ALL);
      await first.close();
      const second = await place.open();
      onTestFinished(() => second.close());
      const reopened = second.of("local");
      expect(await second.organization("local")).toMatchObject({ name: "local", revision: 1 });
      expect(await reopened.audit(ALL)).toEqual(log);
      expect(await reopened.read("demo")).toEqual(after);
      expect(await reopened.history("demo", ALL)).toHaveLength(1);
      expect(await reopened.operation(operationOf(1).name)).toEqual(operationOf(1));
      expect(await reopened.gateways("demo")).toEqual([gatewayOf("a", 10)]);
    });
  });
}
