import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Stage } from "../src/config-store/port.ts";
import type { FleetGateway } from "../src/fleet.ts";
import { judgeStage, rolloutOf } from "../src/rollout.ts";
import {
  type ControlUnderTest,
  faultsOf,
  headerIndex,
  type Json,
  openTestControl,
  temporaryFolder,
  verdictOf,
} from "./control-under-test.ts";
import { change, counted, FIRST, HALF, OTHER, openFleet, report, rollout, rolloutWhen } from "./fleet-under-test.ts";

const ENV = "organizations/local/environments/demo";

async function lastEntry({ ask }: ControlUnderTest): Promise<Json> {
  return (await ask("GET //v1/organizations/local/auditLog")).body.entries[0];
}

describe("a rollout", () => {
  test("tells what each gateway runs, since when, and how it does", async () => {
    const under = await openFleet();
    expect(await rollout(under)).toMatchObject({ name: `${ENV}/rollout`, revision: 1, state: "DONE", done: true });
    await change(under, 2, {});
    const more = { version: "0.1.0", servedForMs: 5_000, ...counted({ requests: 8, "header-absent": 2 }) };
    await report(under, FIRST, 2, more);
    const { gateways, ...seen } = await rollout(under);
    expect(seen).toEqual({ name: `${ENV}/rollout`, revision: 2, state: "PUBLISHING", done: false });
    const told = { first: false, connected: true, heardTime: expect.any(String), wantedRevision: 2 };
    expect(gateways).toEqual([
      {
        ...told,
        name: FIRST,
        state: "CURRENT",
        servedRevision: 2,
        lag: 0,
        version: "0.1.0",
        servedSince: expect.any(String),
        requests: 8,
        fallbackShare: 0.25,
        fallbacks: { "header-absent": 2 },
      },
      { ...told, name: OTHER, state: "BEHIND", servedRevision: 1, lag: 1 },
    ]);
    expect(Date.parse(gateways[0].heardTime) - Date.parse(gateways[0].servedSince)).toBe(5_000);
    await report(under, OTHER, 1, { refused: { revision: 2, issues: [{ code: "X" }] } });
    expect((await rollout(under)).gateways[1]).toMatchObject({ state: "REFUSED", refused: { revision: 2 } });
    await report(under, OTHER, 2);
    expect(await rollout(under)).toMatchObject({ state: "DONE", done: true });
  });

  test("knows the gateways after a restart of control, until they were not heard of for long", async () => {
    const database = `sqlite:${join(await temporaryFolder(), "control.db")}`;
    const first = await openTestControl({ database });
    await first.control.seedEnvironment({ organization: "local", name: "demo" });
    await report(first, "gw-a", 1, counted({ requests: 3, "header-absent": 0 }));
    await first.control.close();
    const second = await openTestControl({ database });
    const [gateway] = (await rollout(second)).gateways;
    expect(gateway).toMatchObject({ name: "gw-a", state: "CURRENT", connected: false, requests: 3 });
    await second.control.close();
    const third = await openTestControl({ database, limits: { gatewayStaleMs: -1 } });
    expect(await rollout(third)).toMatchObject({ done: true, gateways: [{ name: "gw-a", state: "STALE" }] });
    await third.control.close();
    const fourth = await openTestControl({ database, limits: { gatewayForgetMs: -1 } });
    expect((await rollout(fourth)).gateways).toEqual([]);
  });

  test.each([
    { what: "a count below 0", body: { requests: -1 } },
    { what: "a reason that is no word", body: { fallbacks: { "<b>": 1 } } },
    { what: "too many reasons", body: { fallbacks: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`a${"b".repeat(n)}`, 1])) } },
    { what: "a long version", body: { version: "1".repeat(65) } },
  ])("a report with $what is refused", async ({ body }) => {
    const under = await openTestControl();
    await under.control.seedEnvironment({ organization: "local", name: "demo" });
    expect(verdictOf(await report(under, "gw-a", 1, body))).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  });
});

describe("a change that is tried first", () => {
  test("goes to the first gateways only, and to all when it is promoted", async () => {
    const under = await openFleet();
    expect((await change(under, 3)).status).toBe(200);
    expect(await under.first.next()).toMatchObject({ id: "r2", data: { clientIpResolutionConfig: headerIndex(3) } });
    const asked = async (gateway: string): Promise<number> => (await under.ask(`GET /demo/snapshot?gatewayId=${gateway}`)).body.revision;
    expect([await asked(FIRST), await asked(OTHER), await asked("gw-new")]).toEqual([2, 1, 1]);
    const { state, done, stage, gateways } = await rollout(under);
    expect({ state, done }).toEqual({ state: "STAGED", done: false });
    expect(stage).toMatchObject({ firstGateways: [FIRST], previousRevision: 1, maxFallbackRise: 0.02, minRequests: 100, requests: 0 });
    expect(Date.parse(stage.endTime) - Date.parse(stage.startTime)).toBe(60_000);
    expect(gateways.map(({ name, state, first, wantedRevision }: Json) => [name, state, first, wantedRevision])).toEqual([
      [FIRST, "BEHIND", true, 2],
      [OTHER, "CURRENT", false, 1],
    ]);
    await under.ask("POST /demo:promote");
    for (const stream of [under.first, under.other])
      expect(await stream.next()).toMatchObject({ id: "r3", data: { clientIpResolutionConfig: headerIndex(3) } });
    expect(await lastEntry(under)).toMatchObject({
      author: "process:test",
      method: "organizations.environments.promote",
      resource: ENV,
      revision: 3,
    });
    const { revisions } = (await under.ask("GET /demo/revisions")).body;
    expect(revisions[0].changes).toMatchObject([{ pointer: "/stage", kind: "removed" }]);
  });

  test.each([
    { line: "POST /demo:abort", body: undefined },
    { line: "POST /demo:rollback", body: {} },
    { line: "POST /demo:rollback", body: { revisionId: "1" } },
  ])("$line with $body brings back on all what stood before, as a new revision", async ({ line, body }) => {
    const under = await openFleet();
    await change(under, 3);
    await under.first.next();
    expect((await under.ask(line, body === undefined ? {} : { body })).status).toBe(200);
    for (const stream of [under.first, under.other])
      expect(await stream.next()).toMatchObject({ id: "r3", data: { clientIpResolutionConfig: headerIndex(-1) } });
    expect((await rollout(under)).state).toBe("PUBLISHING");
    // what was tried and taken back is no version to go back to
    expect(verdictOf(await under.ask("POST /demo:rollback", { body: {} }))).toBe("404 NOT_FOUND REVISION_NOT_FOUND");
  });

  test("is the only one until it is decided; a deletion decides it too", async () => {
    const under = await openFleet();
    await change(under, 3);
    const route = { name: "a", target: "http://127.0.0.1:1" };
    const writes = [change(under, 4), change(under, 4, {}), under.ask("POST /demo/routes", { body: route })];
    const apply = under.ask("POST //v1/organizations/local:apply", { body: { environments: [{ name: "demo", description: "new" }] } });
    for (const answer of await Promise.all([...writes, apply])) {
      expect(verdictOf(answer)).toBe("400 FAILED_PRECONDITION ROLLOUT_UNDER_WAY");
    }
    expect(verdictOf(await under.ask("POST /demo:promote", { headers: { "if-match": '"r1"' } }))).toBe("412 ABORTED REVISION_STALE");
    expect((await under.ask("DELETE /demo")).status).toBe(200);
  });

  test.each([
    { what: "nobody says so", headers: {}, index: 3 },
    { what: "the write says all", headers: { "x-wherefrom-rollout-share": "100" }, index: 3 },
    { what: "gateways are to run what they run", headers: HALF, index: -1 },
  ])("goes to all at once where $what", async ({ headers, index }) => {
    const under = await openFleet();
    const body = { clientIpResolutionConfig: headerIndex(index), description: "new" };
    await under.ask("PATCH /demo", { body, headers });
    expect(await rollout(under)).toMatchObject({ revision: 2, state: "PUBLISHING" });
    for (const line of ["POST /demo:promote", "POST /demo:abort"])
      expect(verdictOf(await under.ask(line))).toBe("400 FAILED_PRECONDITION ROLLOUT_ABSENT");
  });

  test("is asked for by the environment, and by it for every change", async () => {
    const under = await openFleet();
    const given = { share: 1, watch: "0.5s", maxFallbackRise: 0.1, minRequests: 7 };
    await under.ask("PATCH /demo?updateMask=rollout", { body: { rollout: given } });
    expect((await under.ask("GET /demo")).body.rollout).toEqual(given);
    await under.ask("POST /demo/routes", { body: { name: "a", target: "http://127.0.0.1:1" } });
    const { stage } = await rollout(under);
    expect(stage).toMatchObject({ firstGateways: [FIRST], maxFallbackRise: 0.1, minRequests: 7 });
    await under.ask("POST /demo:abort");
    const declared = { name: "demo", rollout: given, clientIpResolutionConfig: headerIndex(3) };
    await under.ask("POST //v1/organizations/local:apply", { body: { environments: [declared] } });
    expect((await rollout(under)).stage).toMatchObject({ firstGateways: [FIRST], minRequests: 7 });
    expect(Date.parse(stage.endTime) - Date.parse(stage.startTime)).toBe(500);
  });

  test.each([
    { rollout: { share: 0 }, faults: ["rollout/share"] },
    { rollout: { share: 101, watch: "1m" }, faults: ["rollout/share", "rollout/watch"] },
    { rollout: { maxFallbackRise: 2, minRequests: 0 }, faults: ["rollout/maxFallbackRise", "rollout/minRequests"] },
    { rollout: { watch: "86401s", more: 1 }, faults: ["rollout/more", "rollout/watch"] },
  ])("is not asked for by $rollout", async ({ rollout, faults }) => {
    const under = await openFleet();
    const answer = await under.ask("PATCH /demo", { body: { rollout } });
    expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
    expect([...faultsOf(answer)].sort()).toEqual(faults);
    expect(verdictOf(await change(under, 3, { "x-wherefrom-rollout-share": "half" }))).toBe("400 INVALID_ARGUMENT HEADERS_INVALID");
  });

  test.each(["POST /demo:rollback", "POST ", "DELETE /demo", "POST //v1/organizations/local:apply"])(
    "is not asked for by %s",
    async (line) => {
      const under = await openTestControl();
      expect(verdictOf(await under.ask(line, { body: {}, headers: HALF }))).toBe("400 INVALID_ARGUMENT HEADERS_INVALID");
    },
  );

  test("is stopped by itself when more requests fall back than before", async () => {
    const under = await openFleet({ stageLookMs: 5 });
    await report(under, FIRST, 1, counted({ requests: 1_000, "header-absent": 10 }));
    await change(under, 3);
    await report(under, FIRST, 2, {
      ...counted({ requests: 200, "header-absent": 20 }),
      before: { revision: 1, ...counted({ requests: 1_000, "header-absent": 10 }) },
    });
    await rolloutWhen(under, ({ revision }) => revision === 3);
    expect((await under.ask("GET /demo/snapshot")).body).toMatchObject({ revision: 3, clientIpResolutionConfig: headerIndex(-1) });
    expect(await lastEntry(under)).toMatchObject({
      author: "wherefrom",
      authorVerified: true,
      method: "organizations.environments.abort",
      reason: "10 % of 200 requests fell back on the first gateways, 1 % are usual; more than 2 % more",
    });
  });

  test("goes to all by itself when it has stood its time, also over a restart of control", async () => {
    const database = `sqlite:${join(await temporaryFolder(), "control.db")}`;
    const first = await openTestControl({ database, limits: { maxPublishWaitMs: 1, stageLookMs: 60_000 } });
    await first.control.seedEnvironment({ organization: "local", name: "demo" });
    await report(first, "gw-a", 1);
    await first.ask("PATCH /demo", { body: { rollout: { watch: "0s", minRequests: 1 }, clientIpResolutionConfig: headerIndex(3) } });
    await report(first, "gw-a", 2, counted({ requests: 5, "header-absent": 0 }));
    await first.control.close();
    const second = await openTestControl({ database, limits: { maxPublishWaitMs: 1, stageLookMs: 5 } });
    await rolloutWhen(second, ({ revision }) => revision === 3);
    expect((await second.ask("GET /demo/snapshot")).body).toMatchObject({ revision: 3, clientIpResolutionConfig: headerIndex(3) });
    expect(await lastEntry(second)).toMatchObject({ author: "wherefrom", method: "organizations.environments.promote" });
  });
});

test("a rollback without a revision goes to the version before, and the next one back", async () => {
  const under = await openTestControl();
  await under.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(1) });
  await under.ask("PATCH /demo", { body: { clientIpResolutionConfig: headerIndex(2) } });
  await under.ask("PATCH /demo", { body: { description: "only words" } });
  for (const index of [1, 2, 1]) {
    const { body } = await under.ask("POST /demo:rollback", { body: {} });
    expect(body.clientIpResolutionConfig).toEqual(headerIndex(index));
  }
});

const stage: Stage = { firstGateways: ["a"], watchMs: 60_000, maxFallbackRise: 0.02, minRequests: 100 };
const AT_THE_END = 60_000;

type Told = { readonly requests: number; readonly fallbacks: number };
type Sight = { readonly tried?: Told; readonly own?: Told; readonly others?: Told; readonly now?: number; readonly gateway?: object };

const toldCounts = ({ requests, fallbacks }: Told) => ({ requests, fallbacks: { "header-absent": fallbacks } });

/** What is seen of a revision 5 that `a` tries while `b` runs 4. */
function sightOf({ tried = { requests: 0, fallbacks: 0 }, own, others, gateway = {} }: Sight): readonly FleetGateway[] {
  const before = own && { revision: 4, ...toldCounts(own) };
  const known = { isConnected: true, isStale: false, heardAt: 0 };
  return [
    { name: "a", ...known, report: { revision: 5, ...toldCounts(tried), before }, ...gateway },
    { name: "b", ...known, report: { revision: 4, ...(others && toldCounts(others)) } },
  ];
}

const sights: readonly ({ what: string; says: string } & Sight)[] = [
  { what: "nothing yet", now: 0, says: "waiting: The time is not over" },
  { what: "no rise, early", now: 0, tried: { requests: 500, fallbacks: 0 }, says: "waiting: The time is not over" },
  { what: "no rise at the end", tried: { requests: 500, fallbacks: 0 }, says: "promote" },
  { what: "a rise, early", now: 0, tried: { requests: 100, fallbacks: 3 }, says: "stop: 3 % of 100" },
  { what: "a rise just within the limit", tried: { requests: 100, fallbacks: 2 }, says: "promote" },
  { what: "a rise of too few requests", now: 0, tried: { requests: 99, fallbacks: 99 }, says: "waiting: The time" },
  {
    what: "too few requests at the end",
    tried: { requests: 99, fallbacks: 0 },
    says: "waiting: The first gateways have not answered enough",
  },
  { what: "as many as were usual here", tried: { requests: 100, fallbacks: 31 }, own: { requests: 100, fallbacks: 30 }, says: "promote" },
  {
    what: "as many as are usual elsewhere, where this one knows too little of itself",
    tried: { requests: 100, fallbacks: 31 },
    own: { requests: 5, fallbacks: 0 },
    others: { requests: 100, fallbacks: 30 },
    says: "promote",
  },
  {
    what: "more than here, though as many as elsewhere",
    tried: { requests: 100, fallbacks: 30 },
    own: { requests: 100, fallbacks: 1 },
    others: { requests: 100, fallbacks: 30 },
    says: "stop",
  },
  { what: "a first gateway that is stale", gateway: { isStale: true }, tried: { requests: 500, fallbacks: 0 }, says: "waiting: Gateway a" },
  { what: "a first gateway that runs the former", gateway: { report: { revision: 4 } }, says: "waiting: Gateway a does not run it" },
  {
    what: "a refusal",
    now: 0,
    gateway: { report: { revision: 4, refused: { revision: 5, issues: [] } } },
    says: "stop: Gateway a refused it",
  },
];

test.each(sights)("what is tried with $what: $says", ({ now = AT_THE_END, says, ...sight }) => {
  const rollout = rolloutOf({ revision: 5, stage }, sightOf(sight));
  const { kind, why } = judgeStage({ ...rollout, stage, began: { revision: 5, at: 0 }, now });
  expect(`${kind}: ${why}`.slice(0, says.length)).toBe(says);
});

test("a first gateway that is not known any more is waited for", () => {
  const rollout = rolloutOf({ revision: 5, stage }, sightOf({}).slice(1));
  expect(judgeStage({ ...rollout, stage, began: { revision: 5, at: 0 }, now: AT_THE_END })).toMatchObject({
    kind: "waiting",
    why: "Gateway a does not run it",
  });
});
