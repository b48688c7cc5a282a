import { snapshotSchema } from "@wherefrom/model";
import { beforeEach, expect, test } from "vitest";
import { type ControlUnderTest, faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const SESSIONS = "/demo/apis/all/revisions/1/debugsessions";
const TRANSACTION = {
  completed: true,
  point: [{ id: "FlowInfo", results: [{ ActionResult: "DebugInfo", timestamp: "25-11-26 12:00:00:000" }] }],
};

let under: ControlUnderTest;
let ask: ControlUnderTest["ask"];

async function open(limits: object = {}): Promise<void> {
  under = await openTestControl({ limits });
  ask = under.ask;
  const routes = [{ name: "all", target: "http://127.0.0.1:9000" }];
  await under.control.seedEnvironment({ organization: "local", name: "demo", clientIpResolutionConfig: headerIndex(-1), routes });
}
beforeEach(() => open());

const create = (body: Json = {}, query = "") => ask(`POST ${SESSIONS}${query}`, { body });
const deliver = (gateway: string, transactions: Json[]) =>
  ask(`POST /demo/gateways/${gateway}:deliverTransactions`, { body: { transactions } });
const sessions = async (): Promise<Json[]> => snapshotSchema.parse((await ask("GET /demo/snapshot")).body).debugSessions ?? [];

test("a session goes to the gateways with its defaults", async () => {
  const { body } = await create({ filter: 'request.verb = "GET"' }, "?timeout=60");
  expect(body).toMatchObject({ count: 10, timeout: "60", tracesize: 5_120, filter: 'request.verb = "GET"' });
  const [session] = await sessions();
  expect(session).toMatchObject({ id: body.name, api: "all", filter: 'request.verb = "GET"', count: 10, maskedVariables: [] });
  expect(Date.parse(session.expireTime) - Date.parse(body.createTime)).toBe(60_000);
  expect((await ask(`GET ${SESSIONS}/${body.name}`)).body).toEqual(body);
  expect((await ask(`GET ${SESSIONS}`)).body).toEqual({
    sessions: [{ id: body.name, timestampMs: String(Date.parse(body.createTime)) }],
  });
});

test.each([
  { body: { count: 16 }, fields: ["count"] },
  { body: { count: 0, timeout: "601", filter: "request.verb" }, fields: ["count", "filter", "timeout"] },
  { body: { filter: 'request.verb ~~ "a"' }, fields: ["filter"] },
  { body: { timeout: "5s" }, fields: ["timeout"] },
  // null for every request, so that nothing would ever be recorded
  { body: { filter: "request.verb = GET and nope != null" }, fields: ["filter", "filter"] },
  { body: { nothing: 1 }, fields: ["nothing"] },
])("refused: $body", async ({ body, fields }) => {
  const answer = await create(body);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].toSorted()).toEqual(fields);
});

test("only for a route that is there, and only so many at a time", async () => {
  expect(verdictOf(await ask("POST /demo/apis/none/revisions/1/debugsessions", { body: {} }))).toBe("404 NOT_FOUND ROUTE_NOT_FOUND");
  expect(verdictOf(await ask("POST /demo/apis/all/revisions/x/debugsessions", { body: {} }))).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  await open({ maxOpenDebugSessions: 1 });
  await create();
  expect(verdictOf(await create())).toBe("400 FAILED_PRECONDITION TOO_MANY_DEBUG_SESSIONS");
});

test("what gateways hand over is shown, once, and deleted when asked", async () => {
  const { name } = (await create()).body;
  await deliver("g1", [{ session: name, id: "t1", transaction: TRANSACTION }]);
  await deliver("g1", [{ session: name, id: "t1", transaction: TRANSACTION }]);
  await deliver("g2", [
    { session: name, id: "t2", transaction: TRANSACTION },
    { session: "unknown", id: "t3", transaction: TRANSACTION },
  ]);
  expect((await ask(`GET ${SESSIONS}/${name}/data`)).body.transactions).toEqual([
    { id: "t1", gateway: "g1", transaction: TRANSACTION },
    { id: "t2", gateway: "g2", transaction: TRANSACTION },
  ]);
  expect((await ask(`GET ${SESSIONS}/${name}/data/t2`)).body).toEqual(TRANSACTION);
  expect(verdictOf(await ask(`GET ${SESSIONS}/${name}/data/t3`))).toBe("404 NOT_FOUND DEBUG_TRANSACTION_NOT_FOUND");
  await ask(`DELETE ${SESSIONS}/${name}/data`);
  expect((await ask(`GET ${SESSIONS}/${name}/data`)).body.transactions).toEqual([]);
});

test("no more is kept than the limits say", async () => {
  await open({ maxTransactions: 1, maxDebugSessions: 1 });
  const first = (await create()).body.name;
  const handed = (session: string, id: string) => deliver("g", [{ session, id, transaction: TRANSACTION }]);
  await handed(first, "t1");
  await handed(first, "t2");
  expect((await ask(`GET ${SESSIONS}/${first}/data`)).body.transactions).toMatchObject([{ id: "t1" }]);
});

test("a gateway cannot fill the memory with large transactions", async () => {
  const size = Buffer.byteLength(JSON.stringify(TRANSACTION));
  await open({ maxSessionBytes: 2 * size });
  const { name } = (await create()).body;
  const large = { ...TRANSACTION, point: [{ id: "x".repeat(2 * size), results: [] }] };
  const handed = [
    ["large", large],
    ["t1", TRANSACTION],
    ["t2", TRANSACTION],
    ["t3", TRANSACTION],
  ] as const;
  await deliver(
    "g",
    handed.map(([id, transaction]) => ({ session: name, id, transaction })),
  );
  const { transactions } = (await ask(`GET ${SESSIONS}/${name}/data`)).body;
  expect(transactions.map(({ id }: Json) => id)).toEqual(["t1", "t2"]);
});

test.each(["", "t\nevent: x", "a b", "t/1"])("a transaction with the id «%s» is refused", async (id) => {
  const { name } = (await create()).body;
  expect(verdictOf(await deliver("g", [{ session: name, id, transaction: TRANSACTION }]))).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect((await ask(`GET ${SESSIONS}/${name}/data`)).body.transactions).toEqual([]);
});

test("what is no transaction is refused whole", async () => {
  const answer = await deliver("g", [{ session: "s", id: "t", transaction: { point: "none" } }]);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
});

test("a session that is ended stays with its data, and is open no more", async () => {
  const { name } = (await create()).body;
  await deliver("g1", [{ session: name, id: "t1", transaction: TRANSACTION }]);
  await ask(`DELETE ${SESSIONS}/${name}`);
  expect((await ask(`GET ${SESSIONS}`)).body.sessions).toEqual([]);
  expect((await ask(`GET ${SESSIONS}/${name}/data`)).body.transactions).toHaveLength(1);
  const [session] = await sessions();
  expect(Date.parse(session.expireTime)).toBeLessThanOrEqual(Date.now());
});

test("the tail shows what is there and what comes, until its reader goes", async () => {
  const { name } = (await create()).body;
  await deliver("g1", [{ session: name, id: "t1", transaction: TRANSACTION }]);
  const response = await under.get(`${SESSIONS}/${name}/data`, { headers: { accept: "text/event-stream" } });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const ids: string[] = [];
  const readUntil = async (count: number): Promise<void> => {
    while (ids.length < count) {
      const { value = "" } = (await reader?.read()) ?? {};
      ids.push(...[...value.matchAll(/^id: (\S+)$/gm)].map(([, id = ""]) => id));
    }
  };
  await readUntil(1);
  await deliver("g2", [{ session: name, id: "t2", transaction: TRANSACTION }]);
  await readUntil(2);
  expect(ids).toEqual(["t1", "t2"]);
  await reader?.cancel();
});

test.each([
  { end: "the session is ended", line: (id: string) => `DELETE ${SESSIONS}/${id}` },
  { end: "its environment is deleted", line: () => "DELETE /demo" },
])("the tail ends with the last that was recorded when $end", async ({ line }) => {
  const { name } = (await create()).body;
  const response = await under.get(`${SESSIONS}/${name}/data`, { headers: { accept: "text/event-stream" } });
  const text = response.text();
  await deliver("g1", [{ session: name, id: "t1", transaction: TRANSACTION }]);
  await ask(line(name));
  expect(await text).toMatch(/^event: transaction\nid: t1\ndata: \{.*\}\n\n$/);
});

test("only so many may follow at a time, and whoever goes makes room", async () => {
  await open({ maxStreams: 1 });
  const { name } = (await create()).body;
  const headers = { accept: "text/event-stream" };
  const first = await under.get(`${SESSIONS}/${name}/data`, { headers });
  expect(verdictOf(await ask(`GET ${SESSIONS}/${name}/data`, { headers }))).toBe("429 RESOURCE_EXHAUSTED TOO_MANY_STREAMS");
  await first.body?.cancel();
  await expect.poll(async () => (await under.get(`${SESSIONS}/${name}/data`, { headers })).status).toBe(200);
});

test("the mask is added to, or replaced", async () => {
  await create();
  const patch = (variables: string[], query = "") => ask(`PATCH /demo/debugmask${query}`, { body: { variables } });
  expect((await ask("GET /demo/debugmask")).body).toEqual({ name: "organizations/local/environments/demo/debugmask", variables: [] });
  await patch(["request.header.a"]);
  expect((await patch(["request.header.b"])).body.variables).toEqual(["request.header.a", "request.header.b"]);
  expect((await patch(["request.header.c"], "?replaceRepeatedFields=true")).body.variables).toEqual(["request.header.c"]);
  expect(await sessions()).toMatchObject([{ maskedVariables: ["request.header.c"] }]);
});

test("a mask takes what a request tells, and refuses what it would not hide", async () => {
  const patch = (variables: readonly unknown[]) => ask("PATCH /demo/debugmask", { body: { variables } });
  const taken = ["request.header.x-a", "response.header.Set_B", "message.header.c", "request.queryparam.a b", "client.ip", "request.uri"];
  expect((await patch(taken)).body.variables).toEqual(taken);
  const wrong = ["request.headers.a", "request.header.", "request.header.a b", "request.queryparam.", "request.content", "", 1];
  expect(faultsOf(await patch([...taken, ...wrong]))).toEqual(wrong.map((_, at) => `variables/${taken.length + at}`));
  const more = Array.from({ length: 95 }, (_, at) => `request.header.h${at}`);
  expect(faultsOf(await patch(more))).toEqual(["variables"]);
  expect((await patch(more.slice(1))).body.variables).toHaveLength(100);
});

test("history tells who looked at traffic", async () => {
  await ask(`POST ${SESSIONS}`, { body: {}, headers: { "x-goog-request-reason": "checkout is odd" } });
  const { auditEntries = [], entries = auditEntries } = (await ask("GET //v1/organizations/local/auditLog")).body;
  expect(JSON.stringify(entries)).toContain("debugsessions.create");
  expect(JSON.stringify(entries)).toContain("checkout is odd");
  const {
    sessions: [open],
  } = (await ask(`GET ${SESSIONS}`)).body;
  const changes = async (revision: number) =>
    (await ask(`GET /demo/revisions/${revision}`)).body.changes.map(({ pointer, kind }: Json) => `${kind} ${pointer}`);
  expect(await changes(2)).toEqual(["added /debugSessions"]);
  await ask(`DELETE ${SESSIONS}/${open.id}`);
  await ask("PATCH /demo/debugmask", { body: { variables: ["request.header.a"] } });
  expect([await changes(3), await changes(4)]).toEqual([[`changed /debugSessions/${open.id}/endTime`], ["added /debugMask"]]);
});
