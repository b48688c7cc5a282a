import { snapshotSchema } from "@wherefrom/model";
import { describe, expect, test } from "vitest";
import type { ControlOptions } from "../src/control.ts";
import { type Answer, type ControlUnderTest, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";
import { openStream } from "./gateway-stream.ts";

const ROUTE = { name: "all", target: "http://127.0.0.1:9000" };

/** So long that only what the test waits for can end a wait. */
const FOREVER_MS = 60_000;

async function openDemo(limits: ControlOptions["limits"] = {}): Promise<ControlUnderTest> {
  const under = await openTestControl({ limits: { maxPublishWaitMs: FOREVER_MS, introductionMs: FOREVER_MS, ...limits } });
  await under.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1), routes: [ROUTE] });
  return under;
}

function change({ ask }: ControlUnderTest, ipHeaderIndex: number): Promise<Answer> {
  return ask("PATCH /demo?updateMask=client_ip_resolution_config", { body: { clientIpResolutionConfig: headerIndex(ipHeaderIndex) } });
}

function report({ ask }: ControlUnderTest, gateway: string, body: Json): Promise<Answer> {
  return ask(`PUT /demo/gateways/${gateway}`, { body });
}

/** Whether the write is still waiting, seen after control has answered another request in the meantime. */
async function isWaiting({ ask }: ControlUnderTest, write: Promise<Answer>): Promise<boolean> {
  await ask("GET /demo");
  return (await Promise.race([write, Promise.resolve("waiting")])) === "waiting";
}

/** Asks until the condition holds. */
async function gatewaysWhen({ ask }: ControlUnderTest, holds: (gateways: readonly Json[]) => boolean): Promise<readonly Json[]> {
  for (;;) {
    const { gateways } = (await ask("GET /demo/gateways")).body;
    if (holds(gateways)) return gateways;
  }
}

describe("snapshot", () => {
  test("is what gateways read, with the revision as its entity tag", async () => {
    const { ask } = await openDemo();
    const { body, headers } = await ask("GET /demo/snapshot");
    expect(headers.get("etag")).toBe('"r1"');
    expect(snapshotSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ organization: "local", environment: "demo", revision: 1, clientIpResolutionConfig: headerIndex(-1) });
    expect(body.routes).toMatchObject([ROUTE]);
  });

  test("of an environment without a policy has an empty one", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo" } });
    expect((await ask("GET /demo/snapshot")).body).toMatchObject({ clientIpResolutionConfig: {}, routes: [] });
  });

  test.each([
    { ifNoneMatch: '"r1"', query: "", status: 304 },
    { ifNoneMatch: 'W/"r1"', query: "", status: 304 }, // weak comparison, RFC 9110 §13.1.2
    { ifNoneMatch: '"r1"', query: "?waitMs=0", status: 304 },
    { ifNoneMatch: '"r1"', query: "?waitMs=5", status: 304 },
    { ifNoneMatch: '"r0"', query: "?waitMs=60000", status: 200 },
    { ifNoneMatch: '"r7"', query: "?waitMs=60000", status: 200 }, // a database that was set back
    { ifNoneMatch: undefined, query: "?waitMs=60000", status: 200 },
    { ifNoneMatch: '"r1"', query: "?waitMs=60001", status: 400 },
    { ifNoneMatch: '"r1"', query: "?waitMs=soon", status: 400 },
    { ifNoneMatch: '"r1"', query: "?gatewayId=a%20b", status: 400 },
  ])("at revision 1 with If-None-Match $ifNoneMatch and «$query» is $status", async ({ ifNoneMatch, query, status }) => {
    const { ask } = await openDemo();
    const answer = await ask(`GET /demo/snapshot${query}`, { headers: ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch } });
    expect(answer.status).toBe(status);
    if (status < 400) expect(answer.headers.get("etag")).toBe('"r1"');
  });

  test("a long-poll is answered by the change it waits for", async () => {
    const under = await openDemo();
    const poll = under.ask("GET /demo/snapshot?waitMs=60000", { headers: { "if-none-match": '"r1"' } });
    await change(under, 3);
    expect((await poll).body).toMatchObject({ revision: 2, clientIpResolutionConfig: headerIndex(3) });
  });

  test("a long-poll is told that the environment was deleted", async () => {
    const under = await openDemo();
    const poll = under.ask("GET /demo/snapshot?waitMs=60000", { headers: { "if-none-match": '"r1"' } });
    await under.ask("DELETE /demo");
    expect(verdictOf(await poll)).toBe("404 NOT_FOUND ENVIRONMENT_NOT_FOUND");
  });
});

describe("event stream", () => {
  test("begins with the present snapshot and has one event for each change", async () => {
    const under = await openDemo({ maxPublishWaitMs: 1 });
    const stream = await openStream(under, "gw-a");
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(await stream.next()).toMatchObject({ event: "snapshot", id: "r1", data: { revision: 1, routes: [ROUTE] } });
    await change(under, 3);
    expect(await stream.next()).toMatchObject({
      event: "snapshot",
      id: "r2",
      data: { revision: 2, clientIpResolutionConfig: headerIndex(3) },
    });
    await under.ask("DELETE /demo/routes/all");
    expect(await stream.next()).toMatchObject({ id: "r3", data: { routes: [] } });
  });

  test("is kept open by comments when nothing happens", async () => {
    const stream = await openStream(await openDemo({ streamHeartbeatMs: 5 }), "gw-a");
    await stream.next();
    expect(await stream.next()).toMatchObject({ event: undefined, comment: "still here" });
    expect(await stream.next()).toMatchObject({ event: undefined, comment: "still here" });
  });

  test("ends when the environment is deleted", async () => {
    const under = await openDemo();
    const stream = await openStream(under, "gw-a");
    await stream.next();
    await under.ask("DELETE /demo");
    expect(await stream.next()).toBeUndefined();
  });

  test("ends when control closes, which does not wait for it to end by itself", async () => {
    const under = await openDemo({ closeGraceMs: FOREVER_MS });
    const stream = await openStream(under, "gw-a");
    const poll = under.ask("GET /demo/snapshot?waitMs=60000", { headers: { "if-none-match": '"r1"' } });
    await stream.next();
    await under.ask("GET /demo");
    await under.control.close();
    expect(await stream.next()).toBeUndefined();
    expect((await poll).status).toBe(304);
  });

  test("is refused past the limit, and free again when one has gone", async () => {
    const under = await openDemo({ maxStreams: 1 });
    const first = await openStream(under, "gw-a");
    const ask = () => under.ask("GET /demo/snapshot", { headers: { accept: "text/event-stream" } });
    expect(verdictOf(await ask())).toBe("429 RESOURCE_EXHAUSTED TOO_MANY_STREAMS");
    first.leave();
    await gatewaysWhen(under, (gateways) => gateways.length === 0);
    expect(await (await openStream(under, "gw-b")).next()).toMatchObject({ id: "r1" });
  });
});

describe("a write", () => {
  test("answers when the connected gateway has reported the new revision, and not before", async () => {
    const under = await openDemo();
    const stream = await openStream(under, "gw-a");
    await stream.next();
    await report(under, "gw-a", { revision: 1 });
    const write = change(under, 3);
    expect(await stream.next()).toMatchObject({ id: "r2" });
    expect(await isWaiting(under, write)).toBe(true);
    await report(under, "gw-a", { revision: 2 });
    expect((await write).body.metadata).not.toHaveProperty("warnings");
  });

  test.each(["PUT /demo", "POST /demo/routes", "PUT /demo/routes/all", "DELETE /demo/routes/all"])("%s waits too", async (line) => {
    const under = await openDemo();
    const stream = await openStream(under, "gw-a");
    await stream.next();
    const body =
      line === "PUT /demo" ? { description: "new" } : { name: line.startsWith("PUT") ? "all" : "b", target: ROUTE.target, basePath: "/b" };
    const write = under.ask(line, line.startsWith("DELETE") ? {} : { body });
    expect(await stream.next()).toMatchObject({ id: "r2" });
    expect(await isWaiting(under, write)).toBe(true);
    await report(under, "gw-a", { revision: 2 });
    expect((await write).status).toBe(200);
  });

  test("waits for a gateway that has not said its name on the stream but by its report", async () => {
    const under = await openDemo();
    const stream = await openStream(under);
    await stream.next();
    await report(under, "gw-a", { revision: 1 });
    expect((await under.ask("GET /demo/gateways")).body.gateways).toMatchObject([{ name: "gw-a", connected: true }]);
    const write = change(under, 3);
    await stream.next();
    expect(await isWaiting(under, write)).toBe(true);
    await report(under, "gw-a", { revision: 2 });
    expect((await write).status).toBe(200);
  });

  test("does not wait for somebody who only looks on", async () => {
    const under = await openDemo({ introductionMs: 1 });
    const stream = await openStream(under);
    await stream.next();
    expect((await change(under, 3)).body.metadata).not.toHaveProperty("warnings");
  });

  test("answers all the same when a gateway stays silent, and names it", async () => {
    const notices: unknown[] = [];
    const under = await openTestControl({ limits: { maxPublishWaitMs: 20 }, onNotice: (notice) => notices.push(notice) });
    await under.control.seedEnvironment({ organization: "local", name: "demo" });
    await (await openStream(under, "gw-silent")).next();
    const answer = await change(under, 3);
    expect(answer.body.metadata.warnings).toEqual(["Gateway gw-silent is connected but has not reported revision 2 yet"]);
    expect(answer.body.done).toBe(true);
    expect(notices).toEqual([
      { kind: "gateways-late", environment: "organizations/local/environments/demo", revision: 2, gateways: ["gw-silent"] },
    ]);
    expect((await under.ask(`GET //v1/${answer.body.name}`)).body).toEqual(answer.body);
  });

  test("does not wait for a gateway that goes away meanwhile", async () => {
    const under = await openDemo();
    const stream = await openStream(under, "gw-a");
    await stream.next();
    const write = change(under, 3);
    await stream.next();
    stream.leave();
    expect((await write).body.metadata).not.toHaveProperty("warnings");
  });

  test("takes a refusal for an answer", async () => {
    const notices: unknown[] = [];
    const under = await openTestControl({ limits: { maxPublishWaitMs: FOREVER_MS }, onNotice: (notice) => notices.push(notice) });
    await under.control.seedEnvironment({ organization: "local", name: "demo" });
    const stream = await openStream(under, "gw-a");
    await stream.next();
    const write = change(under, 3);
    await stream.next();
    const refused = { revision: 2, issues: [{ code: "SNAPSHOT_INVALID" }] };
    await report(under, "gw-a", { revision: 1, refused });
    expect((await write).status).toBe(200);
    const { gateways } = (await under.ask("GET /demo/gateways")).body;
    expect(gateways).toEqual([{ name: "gw-a", revision: 1, connected: true, reportedAt: expect.stringMatching(/^\d{13}$/), refused }]);
    expect(notices).toEqual([
      { kind: "snapshot-refused", environment: "organizations/local/environments/demo", gateway: "gw-a", ...refused },
    ]);
  });
});

describe("gateways", () => {
  test("are listed by name with what they run, connected or not", async () => {
    const under = await openDemo();
    await report(under, "gw-b", { revision: 1 });
    const stream = await openStream(under, "gw-a");
    await stream.next();
    const { gateways } = (await under.ask("GET /demo/gateways")).body;
    expect(gateways).toEqual([
      { name: "gw-a", connected: true },
      { name: "gw-b", revision: 1, connected: false, reportedAt: expect.any(String) },
    ]);
  });

  test("that reported longest ago are forgotten past the limit, connected ones not", async () => {
    const under = await openDemo({ maxGateways: 2 });
    await (await openStream(under, "gw-a")).next();
    for (const gateway of ["gw-a", "gw-b", "gw-c"]) await report(under, gateway, { revision: 1 });
    const { gateways } = (await under.ask("GET /demo/gateways")).body;
    expect(gateways.map((gateway: Json) => gateway.name)).toEqual(["gw-a", "gw-c"]);
  });

  test.each([
    { line: "PUT /demo/gateways/gw-a", body: { revision: "1" }, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID" },
    { line: "PUT /demo/gateways/gw-a", body: { revision: 1, mood: "good" }, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID" },
    { line: "PUT /demo/gateways/a%20b", body: { revision: 1 }, verdict: "400 INVALID_ARGUMENT FIELDS_INVALID" },
    { line: "PUT /none/gateways/gw-a", body: { revision: 1 }, verdict: "404 NOT_FOUND ENVIRONMENT_NOT_FOUND" },
  ])("$line with $body is refused", async ({ line, body, verdict }) => {
    const { ask } = await openDemo();
    expect(verdictOf(await ask(line, { body }))).toBe(verdict);
  });
});

test("deployedConfig is what gateways are offered now", async () => {
  const under = await openDemo();
  await change(under, 0);
  const { body, headers } = await under.ask("GET /demo/deployedConfig");
  expect(headers.get("etag")).toBe('"r2"');
  expect(body).toEqual({
    name: "organizations/local/environments/demo/configs/2",
    revisionId: "2",
    envScopedRevisionId: "2",
    uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    createTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    clientIpResolutionConfig: headerIndex(0),
  });
});
