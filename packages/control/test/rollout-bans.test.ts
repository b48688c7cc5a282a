import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { judgeStage, rolloutOf } from "../src/rollout.ts";
import { type ControlUnderTest, headerIndex, type Json, verdictOf } from "./control-under-test.ts";
import { change, counted, FIRST, OTHER, openFleet, report, rollout, rolloutWhen } from "./fleet-under-test.ts";

const DENY = { state: "ENABLED", conditionConfig: { ipAddressRanges: ["203.0.113.0/24"] }, deny: {} };

function ban({ ask }: ControlUnderTest, name: string, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
  return ask(`POST /demo/securityActions?securityActionId=${name}`, { body: DENY, headers });
}

/** What a gateway was sent, in a line: revision, index of the policy, names of the actions, number of debug sessions. */
function told({ data }: { readonly data: Json } = { data: {} }): string {
  const { revision, clientIpResolutionConfig, securityActions = [], debugSessions = [] } = data;
  const index = clientIpResolutionConfig?.headerIndexAlgorithm.ipHeaderIndex;
  return `${revision} index ${index} bans ${securityActions.map(({ name }: Json) => name)} sessions ${debugSessions.length}`;
}

test("a ban reaches every gateway while a change is tried, each beside what it runs, and ends no trial", async () => {
  const under = await openFleet();
  await change(under, 3);
  expect(told(await under.first.next())).toBe("2 index 3 bans  sessions 0");
  const before = await rollout(under);
  await sleep(5);
  const answer = await ban(under, "ban-a", { "if-match": '"r2"' });
  expect([answer.status, answer.headers.get("etag")]).toEqual([200, '"r4"']);
  expect(told(await under.first.next())).toBe("4 index 3 bans ban-a sessions 0");
  expect(told(await under.other.next())).toBe("3 index -1 bans ban-a sessions 0");
  await ban(under, "ban-b");
  expect(told(await under.first.next())).toBe("6 index 3 bans ban-a,ban-b sessions 0");
  expect(told(await under.other.next())).toBe("5 index -1 bans ban-a,ban-b sessions 0");
  const after = await rollout(under);
  expect(after).toMatchObject({ state: "STAGED", stage: { firstGateways: [FIRST], previousRevision: 5 } });
  expect([after.stage.startTime, after.stage.endTime]).toEqual([before.stage.startTime, before.stage.endTime]);
  expect(after.gateways.map(({ wantedRevision }: Json) => wantedRevision)).toEqual([6, 5]);
});

const ends = [
  { line: "POST /demo:promote", index: 3 },
  { line: "POST /demo:abort", index: -1 },
  { line: "POST /demo:rollback", index: -1 },
];
test.each(ends)("$line after a ban keeps the ban", async ({ line, index }) => {
  const under = await openFleet();
  await change(under, 3);
  await ban(under, "ban-a");
  expect((await under.ask(line, line.endsWith("rollback") ? { body: {} } : {})).status).toBe(200);
  for (const gateway of [FIRST, OTHER]) {
    const { body } = await under.ask(`GET /demo/snapshot?gatewayId=${gateway}`);
    expect(told({ data: body })).toBe(`5 index ${index} bans ban-a sessions 0`);
  }
});

test("what makes a ban softer, pauses all, or watches a debug session is taken as well; what changes nothing makes no revision", async () => {
  const under = await openFleet();
  await under.ask("POST /demo/routes", { body: { name: "orders", target: "http://127.0.0.1:1" } });
  await change(under, 3);
  await ban(under, "ban-a");
  const steps: readonly (readonly [line: string, body?: object])[] = [
    ["PATCH /demo/securityActionsConfig", { enabled: false }],
    ["POST /demo/securityActions/ban-a:disable", {}],
    ["POST /demo/apis/orders/revisions/1/debugsessions", {}],
    ["PATCH /demo/debugmask", { variables: ["request.header.x-a"] }],
    ["DELETE /demo/securityActions/ban-a"],
  ];
  for (const [line, body] of steps) expect((await under.ask(line, { body })).status).toBe(200);
  const { revision, state } = await rollout(under);
  expect({ revision, state }).toEqual({ revision: 15, state: "STAGED" });
  await under.ask("PATCH /demo/debugmask", { body: { variables: ["request.header.x-a"] } });
  expect((await rollout(under)).revision).toBe(15);
  expect((await under.ask(`GET /demo/snapshot?gatewayId=${OTHER}`)).body).toMatchObject({ revision: 14, debugSessions: [{}] });
});

test("a ban that raced past a conditional promotion makes it stale, and an unconditional one goes through", async () => {
  const under = await openFleet();
  await change(under, 3);
  await ban(under, "ban-a");
  const stale = await under.ask("POST /demo:promote", { headers: { "if-match": '"r2"' } });
  expect(verdictOf(stale)).toBe("412 ABORTED REVISION_STALE");
  const [first, second] = await Promise.all([ban(under, "ban-b"), under.ask("POST /demo:promote")]);
  expect([first.status, second.status]).toEqual([200, 200]);
  expect((await under.ask("GET /demo/snapshot")).body.securityActions).toHaveLength(2);
});

test("an attacker who has himself banned again and again keeps no harmful policy alive", async () => {
  const under = await openFleet({ stageLookMs: 5 });
  await report(under, FIRST, 1, counted({ requests: 1_000, "header-absent": 10 }));
  await change(under, 3);
  const before = { revision: 1, ...counted({ requests: 1_000, "header-absent": 10 }) };
  for (let step = 1; step <= 4; step += 1) {
    await ban(under, `ban-${step}`);
    await report(under, FIRST, 2 + 2 * step, { ...counted({ requests: 30 * step, "header-absent": 15 * step }), before });
  }
  const { revision } = await rolloutWhen(under, ({ state }) => state !== "STAGED");
  expect(revision).toBe(11);
  expect((await under.ask("GET /demo/snapshot")).body.clientIpResolutionConfig).toEqual(headerIndex(-1));
});

const stage = { firstGateways: ["a"], watchMs: 60_000, maxFallbackRise: 0.02, minRequests: 100 };
const known = { isConnected: true, isStale: false, heardAt: 0 };
const fell = (requests: number, fallbacks: number) => ({ requests, fallbacks: { "header-absent": fallbacks } });

/** The trial began as revision 5 and two bans have made it 9; the others have run 4, 6 and 8. */
const sights = [
  { what: "a count that went on", a: { revision: 9, ...fell(200, 20), before: { revision: 4, ...fell(500, 5) } }, says: "stop: 10 %" },
  {
    what: "a gateway that counts each revision anew",
    a: { revision: 9, ...fell(60, 6), before: { revision: 7, ...fell(60, 6) } },
    says: "stop: 10 %",
  },
  { what: "a gateway that has not taken the last ban", a: { revision: 7, ...fell(200, 0) }, says: "waiting: Gateway a does not run it" },
  { what: "what others count after a ban", a: { revision: 9, ...fell(200, 20) }, b: { revision: 8, ...fell(100, 10) }, says: "promote" },
  { what: "what others counted before it", a: { revision: 9, ...fell(200, 20) }, b: { revision: 4, ...fell(100, 10) }, says: "promote" },
  { what: "counts of another time", a: { revision: 3, ...fell(200, 20) }, says: "waiting: Gateway a does not run it" },
  { what: "a refusal before the ban", a: { revision: 4, refused: { revision: 5, issues: [] } }, says: "stop: Gateway a refused it" },
];
test.each(sights)("what is tried is judged over bans, by $what: $says", ({ a, b = { revision: 8 }, says }) => {
  const fleet = [
    { name: "a", ...known, report: a },
    { name: "b", ...known, report: b },
  ];
  const seen = rolloutOf({ revision: 9, stage }, fleet);
  const { kind, why } = judgeStage({ ...seen, stage, began: { revision: 5, at: 0 }, now: 60_000 });
  expect(`${kind}: ${why}`.slice(0, says.length)).toBe(says);
});
