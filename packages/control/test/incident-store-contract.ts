import { auditFaults } from "@wherefrom/model";
import { describe, expect, onTestFinished, test } from "vitest";
import type { IncidentEvidence, IncidentRecord, Sighting } from "../src/config-store/incident-port.ts";
import type { ConfigStore, Stamp } from "../src/config-store/port.ts";
import type { StorePlace } from "./config-store-contract.ts";

const KEY = { organization: "local", environment: "demo" };
const OTHER = { ...KEY, environment: "other" };
const KEEPING = { forgetBefore: 0, maxIncidents: 100 };
const ALL = { limit: 1_000 };
const MINUTE_MS = 60_000;

const at = (time: number): Stamp => ({ at: time, author: "alice", isAuthorVerified: true, method: "test" });

function evidenceOf(amount: number): IncidentEvidence {
  return { windowMinutes: 5, amount, amountBound: 10, share: 0.5, shareBound: 0.02, clients: 30, counts: { requests: amount } };
}

function sighting(fields: Partial<Sighting> & { readonly amount?: number } = {}): Sighting {
  const { amount = 100, ...others } = fields;
  return { rule: "Flooder", client: "203.0.113.7/32", isShared: false, at: 1_000, evidence: evidenceOf(amount), ...others };
}

const byId = (left: IncidentRecord, right: IncidentRecord): number => left.id.localeCompare(right.id);

/** The part of the contract that is about incidents: the tests behind the words of config-store/incident-port.ts. */
export function describeIncidentStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describe(`incident store: ${name}`, () => {
    const open = async (): Promise<ConfigStore> => {
      const store = await (await placeOf()).open();
      onTestFinished(() => store.close());
      return store;
    };

    test("a sighting begins an incident, those after it join, and what is kept is the greatest", async () => {
      const { incidents } = await open();
      const [begun] = await incidents.note(KEY, [sighting()], KEEPING);
      expect(begun).toMatchObject({ rule: "Flooder", client: "203.0.113.7/32", state: "OPEN", revision: 1, isShared: false });
      expect(begun).toMatchObject({ firstSeenAt: 1_000, lastSeenAt: 1_000, changedAt: 1_000, evidence: evidenceOf(100) });
      const later = [sighting({ at: 3_000, amount: 300, isShared: true }), sighting({ at: 2_000, amount: 200 })];
      expect(await incidents.note(KEY, later, KEEPING)).toEqual([]);
      const [known, ...others] = await incidents.list(KEY, ALL);
      expect(others).toEqual([]);
      expect(known).toEqual({ ...begun, lastSeenAt: 3_000, isShared: true, evidence: evidenceOf(300) });
      expect(await incidents.read(KEY, begun?.id ?? "")).toEqual(known);
    });

    test("each client, rule and environment has its own, newest first and in pages", async () => {
      const { incidents } = await open();
      const clients = ["2001:db8::/64", "203.0.113.7/32", "203.0.113.8/32"].map((client) => sighting({ client }));
      expect(await incidents.note(KEY, clients, KEEPING)).toHaveLength(3);
      expect(await incidents.note(KEY, [sighting({ rule: "Robot Abuser" })], KEEPING)).toHaveLength(1);
      expect(await incidents.note(OTHER, [sighting()], KEEPING)).toHaveLength(1);
      expect(await incidents.note({ ...KEY, organization: "else" }, [sighting()], KEEPING)).toHaveLength(1);
      const [newest, second] = await incidents.list(KEY, { limit: 2 });
      expect(newest?.rule).toBe("Robot Abuser");
      const rest = await incidents.list(KEY, { limit: 10, before: second?.position });
      expect([second, ...rest].map((incident) => incident?.client).toSorted()).toEqual(clients.map(({ client }) => client));
      expect(await incidents.read(OTHER, newest?.id ?? "")).toBeUndefined();
      expect(await incidents.removeClient(KEY, "203.0.113.7/32")).toBe(2);
      expect(await incidents.list(KEY, ALL)).toHaveLength(2);
      expect(await incidents.list(OTHER, ALL)).toHaveLength(1);
    });

    const returns = [
      { state: "OPEN", afterMinutes: 10_000, isNew: false },
      { state: "ACKNOWLEDGED", afterMinutes: 10_000, isNew: false },
      { state: "CLOSED", afterMinutes: 5, isNew: false }, // it goes on: whoever closed it has seen it
      { state: "CLOSED", afterMinutes: 6, isNew: true },
      { state: "CONVERTED", afterMinutes: 5, isNew: false },
      { state: "CONVERTED", afterMinutes: 6, isNew: true },
    ] as const;
    test("who comes back to an incident that is over begins another", async () => {
      const { incidents } = await open();
      for (const [index, { state, afterMinutes, isNew }] of returns.entries()) {
        const client = `203.0.113.${index}/32`;
        const [begun] = await incidents.note(KEY, [sighting({ client })], KEEPING);
        await incidents.change(KEY, begun?.id ?? "", { by: at(2_000), decide: () => ({ state }) });
        const again = await incidents.note(KEY, [sighting({ client, at: 1_000 + afterMinutes * MINUTE_MS })], KEEPING);
        expect([state, afterMinutes, again.length]).toEqual([state, afterMinutes, isNew ? 1 : 0]);
      }
    });

    test("what many see at a time is begun once", async () => {
      const { incidents } = await open();
      const notings = Array.from({ length: 8 }, () => incidents.note(KEY, [sighting(), sighting({ rule: "Robot Abuser" })], KEEPING));
      expect((await Promise.all(notings)).flat()).toHaveLength(2);
      expect(await incidents.list(KEY, ALL)).toHaveLength(2);
    });

    test("many are changed in one step, or none where one is not there", async () => {
      const { incidents } = await open();
      const begun = await incidents.note(KEY, [sighting(), sighting({ rule: "Robot Abuser" })], KEEPING);
      const ids = begun.map(({ id }) => id);
      const by = { by: at(2_000), decide: () => ({ state: "CLOSED" }) as const };
      expect(await incidents.changeAll(KEY, [...ids, "none"], by)).toHaveLength(2);
      expect((await incidents.list(KEY, ALL)).map(({ state }) => state)).toEqual(["OPEN", "OPEN"]);
      const changed = await incidents.changeAll(KEY, ids, by);
      expect(changed.map(({ id, state, revision }) => [id, state, revision])).toEqual(ids.map((id) => [id, "CLOSED", 2]));
      expect((await incidents.list(KEY, ALL)).toSorted(byId)).toEqual(changed.toSorted(byId));
    });

    test("a change of the state is a revision with an entry in the audit log, and none when nothing changes", async () => {
      const store = await open();
      const { incidents } = store;
      const [begun] = await incidents.note(KEY, [sighting()], KEEPING);
      const id = begun?.id ?? "";
      const decide = () => ({ state: "CONVERTED", securityAction: "ban" }) as const;
      const changed = await incidents.change(KEY, id, { by: at(2_000), decide });
      expect(changed).toEqual({ ...begun, state: "CONVERTED", securityAction: "ban", revision: 2, changedAt: 2_000 });
      expect(await incidents.change(KEY, id, { by: at(3_000), decide })).toEqual(changed);
      expect(await incidents.change(KEY, "none", { by: at(3_000), decide })).toBeUndefined();
      const refuse = () => {
        throw new Error("refused");
      };
      await expect(incidents.change(KEY, id, { by: at(3_000), decide: refuse })).rejects.toThrow("refused");
      const log = await store.of("local").audit(ALL);
      expect(log).toMatchObject([
        { resource: `organizations/local/environments/demo/securityIncidents/${id}`, change: "UPDATED", revision: 2, author: "alice" },
      ]);
      expect(auditFaults([...log].reverse())).toEqual([]);
    });

    test("those seen long ago are forgotten, and of too many first those that are closed", async () => {
      const { incidents } = await open();
      const sightings = [1, 2, 3, 4].map((number) => sighting({ client: `203.0.113.${number}/32`, at: number }));
      const begun = await incidents.note(KEY, sightings, KEEPING);
      const newest = begun.find(({ client }) => client === "203.0.113.4/32")?.id ?? "";
      await incidents.change(KEY, newest, { by: at(5), decide: () => ({ state: "CLOSED" }) });
      const clients = async (): Promise<string[]> => (await incidents.list(KEY, ALL)).map(({ client }) => client).toSorted();
      await incidents.note(KEY, [], { forgetBefore: 2, maxIncidents: 100 });
      expect(await clients()).toEqual(["203.0.113.2/32", "203.0.113.3/32", "203.0.113.4/32"]);
      await incidents.note(KEY, [sighting({ client: "203.0.113.5/32", at: 5 })], { forgetBefore: 0, maxIncidents: 2 });
      expect(await clients()).toEqual(["203.0.113.3/32", "203.0.113.5/32"]);
    });

    test("they go with their environment", async () => {
      const store = await open();
      await store.changeOrganization("local", { by: at(1), decide: () => ({ kind: "write", content: { settings: {} } }) });
      const local = store.of("local");
      await local.change("demo", { by: at(1), decide: () => ({ kind: "write", content: { settings: {}, routes: [] } }) });
      await store.incidents.note(KEY, [sighting()], KEEPING);
      await store.incidents.note(OTHER, [sighting()], KEEPING);
      await local.change("demo", { by: at(2), decide: () => ({ kind: "delete" }) });
      expect(await store.incidents.list(KEY, ALL)).toEqual([]);
      expect(await store.incidents.list(OTHER, ALL)).toHaveLength(1);
    });

    test("they are there after closing and opening", async () => {
      const place = await placeOf();
      const before = await place.open();
      const begun = await before.incidents.note(KEY, [sighting()], KEEPING);
      await before.close();
      const { incidents, close } = await place.open();
      onTestFinished(close);
      expect(await incidents.list(KEY, ALL)).toEqual(begun);
    });
  });
}
