import { createHmac } from "node:crypto";
import type { TrafficEvent } from "@wherefrom/model";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EnvironmentKey } from "../src/config-store/port.ts";
import { type EventBatch, type EventStore, type Question, QuestionTooCostly } from "../src/event-store/port.ts";
import { anyActivityQuestion, anyClientEvent, countClientsSlowly } from "./client-oracle.ts";
import { SEED } from "./crash-rounds.ts";
import { answerSlowly } from "./event-oracle.ts";
import { anyEvent, anyQuestion } from "./event-questions.ts";

/** An implementation as the contract sees it: a place where a store can be opened, closed and opened again. */
export type EventPlace = { open(): Promise<EventStore>; end(): Promise<void> };

/** When batches come, in milliseconds since 1970. */
export const RECEIVED_AT = 1_500;

export function eventOf(fields: Partial<TrafficEvent> = {}): TrafficEvent {
  return {
    time: 1_000,
    organization: "said by the gateway",
    environment: "said by the gateway",
    gateway: "edge-1",
    revision: 1,
    method: "GET",
    path: "/",
    isComplete: true,
    durationMs: 1,
    requestBytes: 0,
    responseBytes: 100,
    ...fields,
  };
}

let made = 0;

export function batchOf(events: readonly TrafficEvent[], fields: Partial<EventBatch> = {}): EventBatch {
  made += 1;
  return {
    gateway: "edge-1",
    id: `001764000000000-0a1b2c3d-${String(made).padStart(8, "0")}-${events.length}`,
    events,
    privacy: { form: "plain" },
    ...fields,
  };
}

/** HMAC-SHA256 of the 16 bytes of ::ffff:203.0.113.7 by the key "k", its first half. */
const HASH_BY_K = `hashed-${createHmac("sha256", "k").update(Buffer.from("00000000000000000000ffffcb007107", "hex")).digest("hex").slice(0, 32)}`;

export const COUNT: Question = {
  from: 0,
  until: 10_000,
  dimensions: [],
  measures: [{ metric: "messages", aggregate: "sum" }],
  order: [],
  offset: 0,
  limit: 10_000,
  maxPoints: 10_000,
};

/** What every implementation of the event-store port keeps to: the tests behind the words of event-store/port.ts. */
export function describeEventStore(name: string, placeOf: () => Promise<EventPlace>): void {
  describe(`event store: ${name}`, () => {
    let place: EventPlace;
    let store: EventStore;
    let tests = 0;
    /** Of the running test alone. */
    let local: EnvironmentKey;
    let other: EnvironmentKey;
    beforeAll(async () => {
      place = await placeOf();
      store = await place.open();
    });
    afterAll(async () => {
      await store.close();
      await place.end();
    });
    beforeEach(() => {
      tests += 1;
      local = { organization: `local-${tests}`, environment: "demo" };
      other = { ...local, environment: "other" };
    });
    const countOf = async (key: EnvironmentKey): Promise<number> => (await store.ask(key, COUNT))[0]?.points[0]?.measures[0] ?? 0;
    const environments = async (): Promise<readonly EnvironmentKey[]> =>
      (await store.environments()).filter(({ organization }) => organization.startsWith(local.organization));

    test("begins empty", async () => {
      expect(await store.ask(local, { ...COUNT, dimensions: ["method"] })).toEqual([]);
      expect(await store.ask(local, COUNT)).toEqual([]);
      expect(await environments()).toEqual([]);
    });

    test("a batch counts once, however often and in whichever company it comes", async () => {
      const batch = batchOf([eventOf(), eventOf()]);
      expect(await store.append(local, batch)).toEqual({ isNew: true });
      expect(await store.append(local, batch)).toEqual({ isNew: false });
      const at_once = batchOf([eventOf()]);
      const answers = await Promise.all(Array.from({ length: 5 }, () => store.append(local, at_once)));
      expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(await countOf(local)).toBe(3);
    });

    test("of a batch that turns out to be none nothing is added, and its id is free", async () => {
      function* none(): Iterable<TrafficEvent> {
        for (let index = 0; index < 3_000; index++) yield eventOf();
        throw new Error("No event");
      }
      const batch = batchOf([eventOf()]);
      await expect(store.append(local, { ...batch, events: none() })).rejects.toThrow("No event");
      expect(await countOf(local)).toBe(0);
      expect(await store.append(local, batch)).toEqual({ isNew: true });
      expect(await countOf(local)).toBe(1);
    });

    test("an id is a gateway's own, in an environment", async () => {
      const batch = batchOf([eventOf()]);
      await store.append(local, batch);
      expect(await store.append(local, { ...batch, gateway: "edge-2" })).toEqual({ isNew: true });
      expect(await store.append(other, batch)).toEqual({ isNew: true });
      expect(await store.append({ ...local, organization: `${local.organization}-b` }, batch)).toEqual({ isNew: true });
      expect(await countOf(local)).toBe(2);
      expect(await countOf(other)).toBe(1);
      expect(await environments()).toHaveLength(3);
    });

    test.each(["", "x", "999999999999999999-a", "00176400000000'-b", "\u{1f600}"])("any text is an id: «%s»", async (id) => {
      const batch = batchOf([eventOf()], { id });
      expect(await store.append(local, batch)).toEqual({ isNew: true });
      expect(await store.append(local, batch)).toEqual({ isNew: false });
    });

    test("a batch may hold nothing, or more events than any part of the store takes at a time", async () => {
      await store.append(local, batchOf([]));
      await store.append(local, batchOf(Array.from({ length: 5_000 }, (_, index) => eventOf({ time: index, revision: index % 7 }))));
      expect(await countOf(local)).toBe(5_000);
      const revisions = await store.ask(local, { ...COUNT, dimensions: ["revision"] });
      expect(new Map(revisions.map(({ values, points }) => [values[0], points[0]?.measures[0]]))).toEqual(
        new Map(Array.from({ length: 7 }, (_, revision) => [String(revision), revision < 2 ? 715 : 714])),
      );
    });

    test("each event keeps its own texts, however many have the same", async () => {
      // short ones and long ones, empty ones and none, some in nearly all events and some in one
      const events = Array.from({ length: 5_000 }, (_, index) =>
        eventOf({
          path: `/${"ä".repeat(index % 13)}${index % 700}`,
          ...(index % 3 > 0 && { userAgent: index % 5 === 0 ? "" : `agent ${index}` }),
          ...(index % 100 === 0 && { fault: "UPSTREAM_TIMEOUT" }),
        }),
      );
      await store.append(local, batchOf(events));
      const groups = await store.ask(local, { ...COUNT, dimensions: ["path", "user_agent", "fault"] });
      const told = groups.flatMap(({ values, points }) => Array<string>(points[0]?.measures[0] ?? 0).fill(JSON.stringify(values)));
      const given = events.map(({ path, userAgent, fault }) => JSON.stringify([path, userAgent, fault]));
      expect(told.toSorted()).toEqual(given.toSorted());
    });

    const addresses = [
      { says: "203.0.113.7", kept: "203.0.113.7" },
      { says: "255.255.255.255", kept: "255.255.255.255" },
      { says: "2001:db8::1", kept: "2001:db8::1" },
      { says: "2001:DB8:0:0:0:0:0:1", kept: "2001:db8::1" },
      { says: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", kept: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" }, // the largest number
      { says: "::1", kept: "::1" },
      { says: "::ffff:203.0.113.7", kept: "203.0.113.7" }, // the same address in another spelling
      { says: "::fffe:203.0.113.7", kept: "::fffe:cb00:7107" }, // beside the mapped ones
      { says: "203.0.113.0/24", kept: undefined }, // a network is no address
      { says: "0.0.0.0", kept: undefined },
      { says: "evil'); DROP TABLE events; --", kept: undefined },
    ];
    test("an address comes back in its canonical text, and what is none as absent", async () => {
      for (const [index, { says }] of addresses.entries())
        await store.append(local, batchOf([eventOf({ resolvedIp: says, revision: index })]));
      const groups = await store.ask(local, { ...COUNT, dimensions: ["revision", "resolved_ip"] });
      const byRevision = new Map(groups.map(({ values }) => [Number(values[0]), values[1]]));
      for (const [index, { kept }] of addresses.entries()) expect(byRevision.get(index)).toBe(kept);
      expect(groups).toHaveLength(addresses.length);
    });

    test("texts come back as they came", async () => {
      const lengths = ["12 bytes: é.", "13 bytes: é..", "twelve bytes", "thirteen byte"];
      const texts = [
        "",
        "'",
        '"',
        "\\",
        "$1",
        "a'; DROP TABLE events; --",
        "\\x41",
        "%",
        "_",
        "é\u{1f600}",
        "a\tb\nc",
        "\u0000x",
        ...lengths,
      ];
      await store.append(local, batchOf(texts.map((userAgent) => eventOf({ userAgent }))));
      const groups = await store.ask(local, { ...COUNT, dimensions: ["user_agent"] });
      expect(groups.map(({ values }) => values[0]).sort()).toEqual([...texts].sort());
    });

    test("halves of a character stay apart", async () => {
      await store.append(
        local,
        batchOf(["\ud83d", "\ude00", "and a longer text \ud83d", "\ude00 behind it"].map((userAgent) => eventOf({ userAgent }))),
      );
      const groups = await store.ask(local, { ...COUNT, dimensions: ["user_agent"] });
      const told = groups.map(({ values, points }) => `${values[0]} ${points[0]?.measures[0]}`);
      expect(told.sort()).toEqual(["\ufffd 2", "\ufffd behind it 1", "and a longer text \ufffd 1"].sort());
    });

    test("numbers come back as they came, and none stays none", async () => {
      const counts = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
      const numbers = [undefined, 0, 0.125, 1e-300, 1e300];
      const events = counts.flatMap((responseBytes) =>
        numbers.map((targetMs) =>
          eventOf({ path: `${responseBytes} ${targetMs}`, responseBytes, ...(targetMs !== undefined && { targetMs, status: 200 }) }),
        ),
      );
      await store.append(local, batchOf(events));
      const measures = (["responseBytes", "targetMs"] as const).map((metric) => ({ metric, aggregate: "max" }) as const);
      const groups = await store.ask(local, { ...COUNT, dimensions: ["path", "status"], measures });
      const told = groups.map(({ values, points }) => [...values, ...(points[0]?.measures ?? [])]);
      const given = events.map(({ path, status, responseBytes, targetMs }) => [
        path,
        status === undefined ? undefined : String(status),
        responseBytes,
        targetMs,
      ]);
      expect(new Set(told.map((row) => JSON.stringify(row)))).toEqual(new Set(given.map((row) => JSON.stringify(row))));
      expect(told).toHaveLength(given.length);
    });

    test("measures are of the events of the group, within the time", async () => {
      const times = [999, 1_000, 1_500, 1_999, 2_000];
      await store.append(
        local,
        batchOf(
          times.map((time, index) =>
            eventOf({ time, durationMs: 1.5 * index, method: index % 2 === 0 ? "GET" : "PUT", status: 200 + 100 * index }),
          ),
        ),
      );
      const measures = (["sum", "avg", "min", "max"] as const).map((aggregate) => ({ metric: "durationMs", aggregate }) as const);
      const errors = { metric: "errors", aggregate: "sum" } as const;
      const groups = await store.ask(local, {
        ...COUNT,
        from: 1_000,
        until: 2_000,
        dimensions: ["method"],
        measures: [...measures, errors],
      });
      expect(groups).toEqual([
        { values: ["GET"], points: [{ measures: [3, 3, 3, 3, 1] }] },
        { values: ["PUT"], points: [{ measures: [6, 3, 1.5, 4.5, 1] }] },
      ]);
    });

    test("answers every question as somebody does who goes through all events", async () => {
      const events = fc.sample(anyEvent, { numRuns: 400, seed: SEED });
      await store.append(local, batchOf(events.slice(0, 150)));
      await store.append(local, batchOf(events.slice(150)));
      await store.append(other, batchOf(events.slice(0, 50)));
      const property = fc.asyncProperty(anyQuestion, async (question) => {
        const answer = answerSlowly(events, question);
        // of one dimension no more points are allowed than there are in the answer, so that some have to be chosen without looking at all
        const maxPoints = question.dimensions.length === 1 ? answer.flatMap(({ points }) => points).length : question.maxPoints;
        expect(await store.ask(local, { ...question, maxPoints })).toEqual(answer);
      });
      await fc.assert(property, { numRuns: 150, seed: SEED });
    });

    test("counts clients as somebody does who goes through all events", async () => {
      const events = fc.sample(anyClientEvent, { numRuns: 300, seed: SEED });
      await store.append(local, batchOf(events));
      await store.append(other, batchOf(events.slice(0, 50)));
      const property = fc.asyncProperty(anyActivityQuestion, async (question) => {
        expect(await store.countClients(local, question)).toEqual(countClientsSlowly(events, question));
      });
      await fc.assert(property, { numRuns: 30, seed: SEED });
    });

    test("counts no client by an address that is not kept as it is", async () => {
      const event = eventOf({ resolvedIp: "203.0.113.7", trust: "verified" });
      for (const privacy of [{ form: "hashed", key: "k" }, { form: "truncated" }] as const)
        await store.append(local, batchOf([event], { privacy }));
      const question = { from: 0, until: 2_000, parts: 1, staticEndings: [], maxClients: 10 };
      expect(await store.countClients(local, question)).toEqual({ requests: 2, clients: [], isWhole: true });
    });

    test("a question with more points than it may have is refused, and the next one answered", async () => {
      await store.append(local, batchOf(Array.from({ length: 20 }, (_, index) => eventOf({ time: index * 1_000 }))));
      const question: Question = { ...COUNT, until: 20_000, per: { unit: "second", offsetMinutes: 0 } };
      await expect(store.ask(local, { ...question, maxPoints: 19 })).rejects.toThrow(QuestionTooCostly);
      expect((await store.ask(local, { ...question, maxPoints: 20 }))[0]?.points).toHaveLength(20);
    });

    test("thousands of groups come with their points, and no other", async () => {
      const events = Array.from({ length: 5_001 }, (_, index) => {
        const resolvedIp = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
        return eventOf({ time: index % 7, resolvedIp, path: `/${index}` });
      });
      await store.append(local, batchOf(events));
      const per = { unit: "minute", offsetMinutes: 0 } as const;
      const groups = await store.ask(local, { ...COUNT, per, dimensions: ["resolved_ip", "path"], limit: 5_000 });
      expect(groups).toHaveLength(5_000);
      expect(groups.at(-1)).toEqual({ values: ["10.0.19.135", "/4999"], points: [{ at: 0, measures: [1] }] });
    });

    test("a pattern that is too large is refused, and the next question answered", async () => {
      await store.append(local, batchOf([eventOf({ userAgent: "curl/8" })]));
      const matching = (pattern: string): Question => ({ ...COUNT, filter: { kind: "matches", dimension: "user_agent", pattern } });
      await expect(store.ask(local, matching(`(${"a{0,1000}".repeat(50)}){1000}`))).rejects.toThrow(QuestionTooCostly);
      expect(await store.ask(local, matching("curl/.*"))).toHaveLength(1);
    });

    test("a question is answered to who waits for it, and to nobody who has left", async () => {
      await store.append(local, batchOf([eventOf()]));
      const client = new AbortController();
      expect((await store.ask(local, COUNT, { signal: client.signal }))[0]?.points[0]?.measures).toEqual([1]);
      const asked = store.ask(local, COUNT, { signal: client.signal });
      client.abort(new Error("The client has left"));
      await expect(asked).rejects.toThrow("The client has left");
      await expect(store.ask(local, COUNT, { signal: client.signal })).rejects.toThrow("The client has left");
      expect(await countOf(local)).toBe(1);
    });

    test("deletes what is older, in one environment", async () => {
      const batch = batchOf([999, 1_000, 1_001].map((time) => eventOf({ time })));
      for (const key of [local, other]) await store.append(key, batch);
      expect(await store.deleteBefore(local, { before: 1_000 })).toBe(1);
      expect(await countOf(local)).toBe(2);
      // the batch came at 1500: it is still known
      expect(await store.append(local, batch)).toEqual({ isNew: false });
      expect(await store.deleteBefore(local, { before: 1_501 })).toBe(2);
      expect(await countOf(local)).toBe(0);
      expect(await environments()).toEqual([other]);
      expect(await countOf(other)).toBe(3);
    });

    const naming: { readonly fields: Partial<TrafficEvent>; readonly isNamed: boolean }[] = [
      { fields: { resolvedIp: "203.0.113.7" }, isNamed: true },
      { fields: { clientIp: "203.0.113.7" }, isNamed: true },
      { fields: { proxyClientIp: "203.0.113.7", resolvedIp: "198.51.100.9" }, isNamed: true },
      { fields: { trueClientIp: "203.0.113.7" }, isNamed: true },
      { fields: { trueClientIp: "::ffff:cb00:7107" }, isNamed: true }, // another spelling of it
      { fields: { xForwardedFor: "198.51.100.9, 203.0.113.7:4711" }, isNamed: true },
      { fields: { xForwardedFor: "unknown,[::ffff:203.0.113.7]:80" }, isNamed: true },
      { fields: { xForwardedFor: 'for="203.0.113.7"' }, isNamed: true },
      { fields: { evidence: { peer: "203.0.113.7", fields: [] } }, isNamed: true },
      { fields: { evidence: { fields: [["cf-connecting-ip", "203.0.113.7"]] } }, isNamed: true },
      { fields: { xForwardedFor: "203.0.113.77, 203.0.113.70" }, isNamed: false },
      { fields: { resolvedIp: "198.51.100.9" }, isNamed: false },
      { fields: {}, isNamed: false },
    ];
    test("deletes events that name an address anywhere, in whichever spelling", async () => {
      for (const key of [local, other])
        await store.append(key, batchOf(naming.map(({ fields }, revision) => eventOf({ ...fields, revision }))));
      expect(await store.deleteAddress(local, { address: "203.0.113.7" })).toBe(10);
      const left = await store.ask(local, { ...COUNT, dimensions: ["revision"] });
      const expected = naming.flatMap(({ isNamed }, revision) => (isNamed ? [] : [String(revision)]));
      expect(left.map(({ values }) => values[0]).sort()).toEqual(expected.sort());
      expect(await countOf(other)).toBe(naming.length);
    });

    const forms = [
      { privacy: { form: "plain" }, resolved: "203.0.113.7", other: "2001:db8:1:2::3", field: "203.0.113.7, unknown, 2001:db8:1:2::3" },
      { privacy: { form: "truncated" }, resolved: "203.0.113.0/24", other: "2001:db8:1::/48", field: "203.0.113.0/24, 2001:db8:1::/48" },
      {
        privacy: { form: "hashed", key: "k" },
        resolved: HASH_BY_K,
        other: /^hashed-[0-9a-f]{32}$/,
        field: /^hashed-[0-9a-f]{32}, hashed-[0-9a-f]{32}$/,
      },
    ] as const;
    test.each(forms)(
      "with $privacy.form addresses nothing else of them is kept, and each event is found",
      async ({ privacy, resolved, other, field }) => {
        const xForwardedFor = "203.0.113.7, unknown, 2001:db8:1:2::3";
        const evidence = { peer: "10.0.0.1", fields: [["x-forwarded-for", xForwardedFor]] as [string, string][] };
        const event = eventOf({
          resolvedIp: "203.0.113.7",
          clientIp: "2001:db8:1:2::3",
          xForwardedFor,
          trueClientIp: "no address",
          evidence,
        });
        await store.append(local, batchOf([event], { privacy }));
        const question: Question = { ...COUNT, dimensions: ["resolved_ip", "client_ip", "x_forwarded_for", "true_client_ip"] };
        const [group] = await store.ask(local, question);
        const [ip, client, forwarded, trueClient] = group?.values ?? [];
        expect(ip).toBe(resolved);
        expect(client).toMatch(other);
        expect(forwarded).toMatch(field);
        expect(trueClient).toBe(privacy.form === "plain" ? "no address" : "");
        const filter = { kind: "in", dimension: "resolved_ip", values: [resolved] } as const;
        expect(await store.ask(local, { ...question, filter })).toEqual([group]);
        // the same address in another form is another value
        await store.append(local, batchOf([eventOf({ resolvedIp: "203.0.113.0", method: "PUT" })]));
        expect(await store.ask(local, { ...question, filter })).toEqual([group]);
      },
    );

    test("deletes hashed addresses by their key, and no networks", async () => {
      const event = eventOf({ resolvedIp: "203.0.113.7", xForwardedFor: "198.51.100.9" });
      for (const privacy of [{ form: "hashed", key: "k" }, { form: "hashed", key: "old" }, { form: "truncated" }] as const)
        await store.append(local, batchOf([event], { privacy }));
      expect(await store.deleteAddress(local, { address: "203.0.113.7" })).toBe(0);
      expect(await store.deleteAddress(local, { address: "203.0.113.0", hashKey: "k" })).toBe(0);
      expect(await store.deleteAddress(local, { address: "::ffff:198.51.100.9", hashKey: "k" })).toBe(1);
      expect(await countOf(local)).toBe(2);
    });

    test("deletes the oldest of all environments when they take more room than they may, and no others", async () => {
      const own = await placeOf();
      const crowded = await own.open();
      try {
        const times = Array.from({ length: 400 }, (_, index) => 1_000 + index);
        for (const key of [local, other]) await crowded.append(key, batchOf(times.map((time) => eventOf({ time, path: `/${time}` }))));
        const kept = async (key: EnvironmentKey): Promise<readonly number[]> => {
          const groups = await crowded.ask(key, { ...COUNT, dimensions: ["path"] });
          return groups.map(({ values }) => Number(values[0]?.slice(1))).sort((one, next) => one - next);
        };
        const all = await crowded.keepWithin(Number.MAX_SAFE_INTEGER);
        expect(all).toEqual({ bytes: expect.any(Number), deleted: 0, until: undefined });
        const bytes = all?.bytes ?? 0;
        expect(bytes).toBeGreaterThan(1_000);
        // a good half of them has to go
        const room = await crowded.keepWithin(bytes / 2);
        const until = room?.until ?? 0;
        expect(until).toBeGreaterThan(1_150);
        expect(until).toBeLessThan(1_280);
        for (const key of [local, other]) expect(await kept(key)).toEqual(times.filter((time) => time > until));
        expect(room).toEqual({ bytes, deleted: 2 * times.filter((time) => time <= until).length, until });
      } finally {
        await crowded.close();
        await own.end();
      }
    });

    test("everything is there after closing and opening", async () => {
      const batch = batchOf([eventOf({ resolvedIp: "2001:db8::1" })]);
      await store.append(local, batch);
      await store.close();
      store = await place.open();
      expect(await store.append(local, batch)).toEqual({ isNew: false });
      expect(await store.ask(local, { ...COUNT, dimensions: ["resolved_ip"] })).toEqual([
        { values: ["2001:db8::1"], points: [{ measures: [1] }] },
      ]);
    });
  });
}
