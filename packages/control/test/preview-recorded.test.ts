import type { TrafficEvent } from "@wherefrom/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

const NOON = Date.UTC(2026, 10, 25, 12);
const BEHIND_PROXIES = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } };
const HOUR = { startTime: "2026-11-25T12:00:00Z", endTime: "2026-11-25T13:00:00Z" };

const seen = (chain: string, fields: Partial<TrafficEvent> = {}): TrafficEvent =>
  eventOf({ time: NOON, method: "GET", evidence: { peer: "10.0.0.1", fields: [["x-forwarded-for", chain]] }, ...fields });

/** A forger who names somebody else before him, two honest clients, one request that stands for four, and one of which nothing is kept. */
const EVENTS: readonly TrafficEvent[] = [
  seen("198.51.100.1, 203.0.113.66"),
  seen("198.51.100.2, 203.0.113.66", { time: NOON + 1 }),
  seen("203.0.113.7", { time: NOON + 2 }),
  seen("203.0.113.7", { time: NOON + 3 }),
  seen("203.0.113.8", { time: NOON + 4, sampleRate: 0.25 }),
  eventOf({ time: NOON + 5 }),
  seen("203.0.113.9", { time: NOON + 3_600_000 }),
];

let control: Awaited<ReturnType<typeof openControlWithEvents>>;
beforeAll(async () => {
  control = await openControlWithEvents({ events: { demo: EVENTS }, receivedAt: NOON });
  await control.ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(0) } });
  const actions: readonly (readonly [string, Json])[] = [
    ["no-forger", { conditionConfig: { ipAddressRanges: ["203.0.113.66"] }, deny: {} }],
    ["no-country", { conditionConfig: { regionCodes: ["XX"] }, deny: {} }],
    ["paused", { conditionConfig: { ipAddressRanges: ["203.0.113.7"] }, deny: {}, state: "DISABLED" }],
  ];
  for (const [id, action] of actions) {
    const { status } = await control.ask(`POST /demo/securityActions?securityActionId=${id}`, { body: { state: "ENABLED", ...action } });
    expect(status).toBe(200);
  }
});
afterAll(() => control.close());

const preview = (body: Json) => control.ask("POST /demo:preview", { body: { clientIpResolutionConfig: BEHIND_PROXIES, ...body } });

test("a preview looks at what was recorded in a time, and says who would be banned then", async () => {
  const { body } = await preview({ recorded: HOUR });
  expect(body).toMatchObject({
    requests: 8,
    judged: true,
    withoutEvidence: 1,
    notJudgedReason: "EVIDENCE_NOT_KEPT",
    otherAddress: 2,
    verified: { before: 0, after: 8 },
    trustGained: 8,
    actionChanges: [{ from: null, to: "no-forger", requests: 2 }],
    actionsNotJudged: ["no-country"],
  });
  expect(body.transitions.map(({ otherAddress, requests }: Json) => [otherAddress, requests])).toEqual([
    [false, 6],
    [true, 2],
  ]);
  expect(body.transitions[1].samples.map(({ from, to }: Json) => [from, to]).toSorted()).toEqual([
    ["198.51.100.1", "203.0.113.66"],
    ["198.51.100.2", "203.0.113.66"],
  ]);
});

const MILLISECOND = { startTime: "2026-11-25T12:00:00.005Z", endTime: "2026-11-25T12:00:00.006Z" };
const unjudged = [
  {
    says: "a time without traffic",
    recorded: { startTime: "2026-11-24T12:00:00+01:00", endTime: "2026-11-24T13:00:00+01:00" },
    withoutEvidence: 0,
    notJudgedReason: "NOTHING_RECORDED",
  },
  { says: "evidence that was too long", recorded: MILLISECOND, withoutEvidence: 1, notJudgedReason: "EVIDENCE_NOT_KEPT" },
  { says: "TRUNCATED", recorded: MILLISECOND, withoutEvidence: 1, notJudgedReason: "ADDRESSES_TRUNCATED" },
  { says: "HASHED", recorded: MILLISECOND, withoutEvidence: 1, notJudgedReason: "ADDRESSES_HASHED" },
];

test.each(unjudged)("nothing is judged of $says, and that is told", async ({ says, recorded, ...told }) => {
  const addresses = says.length < 10 ? says : "PLAIN";
  expect((await control.ask("PATCH /demo", { body: { events: { addresses } } })).status).toBe(200);
  const { body } = await preview({ recorded });
  expect(body).toMatchObject({ requests: 0, judged: false, transitions: [], actionChanges: [], ...told });
});

test("requests that are given meet no security action: nothing is known of their method and route", async () => {
  const { body } = await preview({ evidence: [{ peer: "10.0.0.1", headers: [["X-Forwarded-For", "198.51.100.1, 203.0.113.66"]] }] });
  expect(body).toMatchObject({ requests: 1, judged: true, otherAddress: 1, actionChanges: [], actionsNotJudged: [] });
  expect(body).not.toHaveProperty("notJudgedReason");
  expect(body).not.toHaveProperty("withoutEvidence");
});

const bad: readonly { says: string; body: Json; field: string }[] = [
  { says: "neither evidence nor a time", body: {}, field: "evidence" },
  { says: "both", body: { evidence: [], recorded: HOUR }, field: "evidence" },
  {
    says: "a time that ends before it starts",
    body: { recorded: { startTime: HOUR.endTime, endTime: HOUR.startTime } },
    field: "recorded",
  },
  { says: "a time that is none", body: { recorded: { ...HOUR, startTime: "noon" } }, field: "recorded/startTime" },
];

test.each(bad)("$says is refused", async ({ body, field }) => {
  expect([...faultsOf(await preview(body))]).toContain(field);
});

test("without an event store there is nothing recorded", async () => {
  const under = await openTestControl();
  await under.ask("POST ", { body: { name: "demo" } });
  const answer = await under.ask("POST /demo:preview", { body: { clientIpResolutionConfig: BEHIND_PROXIES, recorded: HOUR } });
  expect(verdictOf(answer)).toBe("503 UNAVAILABLE EVENT_STORE_ABSENT");
});
