import { EVERY_ORGANIZATION, hashOf } from "@wherefrom/model";
import { describe, expect, onTestFinished, test } from "vitest";
import type { NewToken, SessionRecord, TokenChange } from "../src/config-store/access-port.ts";
import type { ConfigStore, Stamp } from "../src/config-store/port.ts";
import type { StorePlace } from "./config-store-contract.ts";

const at = (time: number): Stamp => ({ at: time, author: "alice", isAuthorVerified: true, method: "test" });

const ALL = { limit: 1_000 };

function tokenOf(id: string, more: Partial<NewToken> = {}): NewToken {
  return {
    id,
    name: `name-${id}`,
    hash: `hash-${id}`,
    grants: [{ role: "operator", environments: ["prod"] }],
    expiresAt: undefined,
    ...more,
  };
}

type SessionTimes = { readonly createdAt: number; readonly expiresAt: number };

function sessionOf(
  id: string,
  { owner = "alice", ...times }: SessionTimes & { readonly owner?: string; readonly organization?: string },
): SessionRecord {
  return { id, organization: "acme", owner, hash: `hash-${id}`, content: { tokenId: id }, seenAt: times.createdAt, ...times };
}

/** The part of the contract that is about tokens and sessions: the tests behind the words of config-store/access-port.ts. */
export function describeAccessStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describe(`access store: ${name}`, () => {
    const open = async (limits: Parameters<StorePlace["open"]>[0] = {}): Promise<ConfigStore> => {
      const store = await (await placeOf()).open(limits);
      onTestFinished(() => store.close());
      return store;
    };
    const change = ({ access }: ConfigStore, organization: string, { time = 1, ...asked }: TokenChange & { time?: number }) =>
      access.changeTokens(organization, { by: at(time), decide: () => asked });

    test("a token is kept as it was added, found by its id, and listed by name in its organization only", async () => {
      const store = await open();
      await change(store, "acme", { time: 5, add: tokenOf("2", { name: "a", expiresAt: 99 }) });
      await change(store, "acme", { time: 6, add: tokenOf("1", { name: "B" }) });
      await change(store, "other", { add: tokenOf("3", { name: "a" }) });
      const { access } = store;
      const kept = { organization: "acme", createdAt: 5, lastUsedAt: undefined };
      expect(await access.token("2")).toEqual({ ...tokenOf("2", { name: "a", expiresAt: 99 }), ...kept });
      expect((await access.tokens("acme")).map(({ id }) => id)).toEqual(["1", "2"]);
      expect((await access.tokens("other")).map(({ id }) => id)).toEqual(["3"]);
      expect([await access.token("4"), await access.tokens("none")]).toEqual([undefined, []]);
    });

    test("what is decided from the tokens that stand is done whole or not at all", async () => {
      const store = await open();
      await change(store, "acme", { add: tokenOf("1") });
      const standing = await store.access.changeTokens("acme", {
        by: at(2),
        decide: ({ tokens }) => ({ remove: tokens.map(({ id }) => id), add: tokenOf("2", { name: "name-1" }) }),
      });
      expect(standing.map(({ id }) => id)).toEqual(["2"]);
      const log = await store.of("acme").audit(ALL);
      await expect(change(store, "acme", { add: tokenOf("3", { name: "name-1" }) })).rejects.toThrow();
      await expect(change(store, "acme", { add: tokenOf("3"), remove: ["2", "1"] })).rejects.toThrow("Expected token 1");
      const refuse = () => {
        throw new Error("No");
      };
      await expect(store.access.changeTokens("acme", { by: at(3), decide: refuse })).rejects.toThrow("No");
      expect((await store.access.tokens("acme")).map(({ id }) => id)).toEqual(["2"]);
      expect(await store.of("acme").audit(ALL)).toEqual(log);
    });

    test("each addition and removal has an entry in the audit log, with the hash of what the token is for", async () => {
      const store = await open();
      const token = tokenOf("1", { expiresAt: 7 });
      await change(store, EVERY_ORGANIZATION, { add: token });
      await change(store, EVERY_ORGANIZATION, { remove: ["1"] });
      const contentHash = hashOf({ name: token.name, grants: token.grants, expiresAt: 7 });
      expect(await store.of(EVERY_ORGANIZATION).audit(ALL)).toMatchObject([
        { sequence: 2, resource: "organizations/-/tokens/1", change: "DELETED", revision: 2, author: "alice", contentHash },
        { sequence: 1, resource: "organizations/-/tokens/1", change: "CREATED", revision: 1, author: "alice", contentHash },
      ]);
      expect(JSON.stringify(await store.of(EVERY_ORGANIZATION).audit(ALL))).not.toContain(token.hash);
    });

    test("of many that want to add the first token one does", async () => {
      const store = await open();
      const first = (id: string) =>
        store.access.changeTokens(EVERY_ORGANIZATION, {
          by: at(1),
          decide: ({ isUntouched }) => (isUntouched ? { add: tokenOf(id) } : {}),
        });
      await Promise.all(Array.from({ length: 10 }, (_, index) => first(String(index))));
      const [only, ...more] = await store.access.tokens(EVERY_ORGANIZATION);
      expect(more).toEqual([]);
      await change(store, EVERY_ORGANIZATION, { remove: [only?.id ?? ""] });
      expect(await first("again")).toEqual([]); // there has been a first one
    });

    test("tokens go with their organization, whose name may come back", async () => {
      const store = await open();
      const write = () => ({ kind: "write", content: { settings: {} } }) as const;
      await store.changeOrganization("acme", { by: at(1), decide: write });
      await change(store, "acme", { add: tokenOf("1") });
      await store.changeOrganization("acme", { by: at(2), decide: () => ({ kind: "delete" }) });
      await store.changeOrganization("acme", { by: at(3), decide: write });
      expect([await store.access.token("1"), await store.access.tokens("acme")]).toEqual([undefined, []]);
      expect((await store.of("acme").audit(ALL)).map(({ resource, change }) => [resource.split("/").slice(2).join("/"), change])).toEqual([
        ["", "CREATED"],
        ["", "DELETED"],
        ["tokens/1", "DELETED"],
        ["tokens/1", "CREATED"],
        ["", "CREATED"],
      ]);
    });

    test("when a token was last used is kept, and brings no token back", async () => {
      const store = await open();
      await change(store, "acme", { add: tokenOf("1") });
      await store.access.touchToken("1", 50);
      expect(await store.access.token("1")).toMatchObject({ lastUsedAt: 50 });
      await change(store, "acme", { remove: ["1"] });
      await store.access.touchToken("1", 60);
      expect(await store.access.token("1")).toBeUndefined();
    });

    const by = at(1);

    test("a session is kept as it was added, seen, listed by its owner, and removed", async () => {
      const { access } = await open();
      const session = sessionOf("1", { createdAt: 10, expiresAt: 100 });
      await access.addSession(session, { by });
      await access.addSession(sessionOf("2", { createdAt: 11, expiresAt: 100, owner: "bob" }), { by });
      await access.touchSession("1", 20);
      await access.touchSession("1", 15); // another node was slower to say so
      await access.touchSession("none", 20);
      expect(await access.session("1")).toEqual({ ...session, seenAt: 20 });
      expect((await access.sessions()).map(({ id }) => id)).toEqual(["2", "1"]);
      expect((await access.sessions("alice")).map(({ id }) => id)).toEqual(["1"]);
      expect([await access.removeSession("1", { by }), await access.removeSession("1", { by })]).toEqual([true, false]);
      expect([await access.session("1"), await access.sessions("alice")]).toEqual([undefined, []]);
    });

    test("who begins and ends a session stands in the audit log, with nothing that lets anybody in", async () => {
      const store = await open();
      await store.access.addSession(sessionOf("1", { createdAt: 10, expiresAt: 100 }), { by });
      await store.access.removeSession("1", { by });
      const contentHash = hashOf({ owner: "alice", expiresAt: 100 });
      const log = await store.of("acme").audit(ALL);
      expect(log).toMatchObject([
        { sequence: 2, resource: "organizations/acme/sessions/1", change: "DELETED", author: "alice", contentHash },
        { sequence: 1, resource: "organizations/acme/sessions/1", change: "CREATED", author: "alice", contentHash },
      ]);
    });

    test("sessions that are over go when one is added, and past the limits those used longest ago, of nobody else first", async () => {
      const { access } = await open({ maxSessions: 4, maxSessionsOfOwner: 2 });
      const add = (id: string, createdAt: number, owner: string) =>
        access.addSession(sessionOf(id, { createdAt, expiresAt: id === "over" ? 10 : 100, owner }), { by });
      const ids = async () => (await access.sessions()).map(({ id }) => id).toSorted();
      await add("over", 1, "alice");
      await add("b1", 9, "bob");
      for (const createdAt of [10, 11, 12]) await add(`a${createdAt}`, createdAt, "alice");
      expect(await ids()).toEqual(["a11", "a12", "b1"]);
      await access.touchSession("a11", 20);
      await add("a13", 13, "alice");
      expect(await ids()).toEqual(["a11", "a13", "b1"]);
      await add("c1", 14, "carol");
      await add("d1", 15, "dave");
      expect(await ids()).toEqual(["a11", "a13", "c1", "d1"]);
    });

    test("past the limit of all, the organization that has most makes room", async () => {
      const { access } = await open({ maxSessions: 4 });
      const add = (id: string, createdAt: number, organization: string) =>
        access.addSession(sessionOf(id, { createdAt, expiresAt: 100, organization, owner: id }), { by });
      const ids = async () => (await access.sessions()).map(({ id }) => id).toSorted();
      await add("a1", 1, "acme");
      for (const createdAt of [2, 3, 4, 5, 6]) await add(`b${createdAt}`, createdAt, "beta");
      expect(await ids()).toEqual(["a1", "b4", "b5", "b6"]);
      await add("a2", 7, "acme");
      expect(await ids()).toEqual(["a1", "a2", "b5", "b6"]);
    });

    test("sessions that are over or were not used for long are swept", async () => {
      const { access } = await open();
      for (const [id, expiresAt] of [
        ["over", 50],
        ["idle", 100],
        ["used", 100],
      ] as const) {
        await access.addSession(sessionOf(id, { createdAt: 10, expiresAt }), { by });
      }
      await access.touchSession("used", 40);
      await access.removeIdleSessions({ at: 50, seenBefore: 40 });
      expect((await access.sessions()).map(({ id }) => id)).toEqual(["used"]);
    });

    test("tokens and sessions are there after closing and opening", async () => {
      const place = await placeOf();
      const first = await place.open();
      const [token] = await change(first, "acme", { add: tokenOf("1") });
      await first.access.addSession(sessionOf("1", { createdAt: 10, expiresAt: 100 }), { by });
      await first.close();
      const second = await place.open();
      onTestFinished(() => second.close());
      expect(await second.access.token("1")).toEqual(token);
      expect(await second.access.session("1")).toMatchObject({ hash: "hash-1", content: { tokenId: "1" } });
    });
  });
}
