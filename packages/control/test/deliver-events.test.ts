import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { maxEventBatchBytes, type TrafficEvent } from "@wherefrom/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDuckdbEvents } from "../src/event-store/duckdb.ts";
import { DEFAULT_CONTROL_LIMITS } from "../src/limits.ts";
import { type Answer, type ControlUnderTest, faultsOf, openControlForFile, openTestControl, verdictOf } from "./control-under-test.ts";
import { eventOf } from "./event-store-contract.ts";

let folder: string;
let under: ControlUnderTest & { close(): Promise<void> };
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wherefrom-deliver-"));
  under = await openControlForFile({ analytics: `duckdb:${join(folder, "events.duckdb")}` });
  for (const name of ["demo", "other"]) await under.control.seedEnvironment({ organization: "local", name });
  key = gatewayKey("demo");
});
afterAll(async () => {
  await under.close();
  await rm(folder, { recursive: true });
});

function gatewayKey(environment: string): string {
  return under.control.issueKey({ name: "edge", role: "gateway", organization: "local", environments: [environment] });
}

function here(fields: Partial<TrafficEvent> = {}): TrafficEvent {
  return eventOf({ organization: "local", environment: "demo", ...fields });
}

let made = 0;

function newId(events: number): string {
  made += 1;
  return `001764000000000-0a1b2c3d-${String(made).padStart(8, "0")}-${events}`;
}

function linesOf(events: readonly object[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

type Delivery = {
  readonly id?: string;
  readonly path?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

function deliver(body: string | Uint8Array, { id = newId(1), path = "/demo/gateways/edge-1", token = key, headers = {} }: Delivery = {}) {
  return under.ask(`POST ${path}:deliverEvents?batchId=${id}`, {
    rawBody: body,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson", ...headers },
  });
}

const GZIP = { "content-encoding": "gzip" };

test("a batch is kept once, however often and at the same time it comes", async () => {
  const events = [here({ path: "/a" }), here({ path: "/b" })];
  const id = newId(2);
  const body = gzipSync(linesOf(events));
  const answers: Answer[] = await Promise.all(Array.from({ length: 4 }, () => deliver(body, { id, headers: GZIP })));
  answers.push(await deliver(body, { id, headers: GZIP }));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(await deliver(linesOf([here({ path: "/c" })]))).toMatchObject({ status: 200, body: {} });
});

test("what follows from the evidence is told by control", async () => {
  const evidence = { peer: "::ffff:10.0.0.9", fields: [["x-forwarded-for", "198.51.100.1, 203.0.113.7"] as [string, string]] };
  expect(verdictOf(await deliver(linesOf([here({ path: "/evidence", evidence })])))).toBe("200");
});

test.each([
  { how: "without a line break at its end", body: linesOf([here({ path: "/last" })]).trimEnd() },
  { how: "behind a byte order mark", body: `\uFEFF${linesOf([here({ path: "/marked" })])}` },
  { how: "with other characters than ASCII in its evidence", body: linesOf([here({ evidence: { fields: [["forwarded", "for=«ü»"]] } })]) },
])("a line $how is taken", async ({ body }) => {
  expect(verdictOf(await deliver(body))).toBe("200");
});

test("a field that nobody knows is passed over: a newer gateway may say more", async () => {
  const events = [{ ...here({ path: "/newer" }), newer: { fields: [] } }, here({ path: "/older" })];
  expect(verdictOf(await deliver(linesOf(events), { id: newId(2) }))).toBe("200");
});

const good = linesOf([here()]);
const refused: { what: string; body?: string | Uint8Array; delivery?: Delivery; says: string; fields?: readonly string[] }[] = [
  {
    what: "another content type",
    delivery: { headers: { "content-type": "application/json" } },
    says: "415 INVALID_ARGUMENT CONTENT_TYPE_UNSUPPORTED",
  },
  { what: "another coding", delivery: { headers: { "content-encoding": "br" } }, says: "415 INVALID_ARGUMENT CONTENT_TYPE_UNSUPPORTED" },
  { what: "no gzip", delivery: { headers: GZIP }, says: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  { what: "half of a gzip", body: gzipSync(good).subarray(0, 40), delivery: { headers: GZIP }, says: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  {
    what: "a few bytes that unfold to much",
    body: gzipSync(Buffer.alloc(200 * maxEventBatchBytes, " ")),
    delivery: { headers: GZIP },
    says: "413 INVALID_ARGUMENT BODY_TOO_LARGE",
  },
  {
    what: "many small members that unfold to much",
    body: Buffer.concat(Array.from({ length: 100 }, () => gzipSync(Buffer.alloc(maxEventBatchBytes / 64, " ")))),
    delivery: { headers: GZIP },
    says: "413 INVALID_ARGUMENT BODY_TOO_LARGE",
  },
  { what: "too much as it is", body: "x".repeat(maxEventBatchBytes + 1), says: "413 INVALID_ARGUMENT BODY_TOO_LARGE" },
  { what: "no JSON", body: `${good}{"time"\n`, says: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  { what: "an empty line", body: `${good}\n`, says: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  {
    what: "a line that is no JSON behind more faults than are told",
    body: `${"{}\n".repeat(30)}{"time"\n`,
    says: "400 INVALID_ARGUMENT BODY_NOT_JSON",
  },
  { what: "no UTF-8", body: Buffer.from([0x22, 0xff, 0x22]), says: "400 INVALID_ARGUMENT BODY_NOT_JSON" },
  { what: "no events", body: "", says: "400 INVALID_ARGUMENT FIELDS_INVALID", fields: [""] },
  {
    what: "fewer lines than its id says",
    delivery: { id: "001764000000000-0a1b2c3d-99999999-3" },
    says: "400 INVALID_ARGUMENT FIELDS_INVALID",
    fields: [""],
  },
  {
    what: "lines that are no events",
    body: linesOf([here(), { ...here(), time: -1, status: "200" }, 7 as unknown as object]),
    delivery: { id: "001764000000000-0a1b2c3d-99999998-3" },
    says: "400 INVALID_ARGUMENT FIELDS_INVALID",
    fields: ["1/time", "1/status", "2"],
  },
  {
    what: "an event of another environment",
    body: linesOf([here({ environment: "other", organization: "acme" })]),
    says: "400 INVALID_ARGUMENT FIELDS_INVALID",
    fields: ["0/organization", "0/environment"],
  },
  { what: "an id that is none", delivery: { id: "../1" }, says: "400 INVALID_ARGUMENT QUERY_INVALID", fields: ["batchId"] },
  { what: "an environment that is not there", delivery: { path: "/none/gateways/edge-1" }, says: "403 PERMISSION_DENIED ACCESS_DENIED" },
];

test.each(refused)("$what is refused", async ({ body = good, delivery = {}, says, fields = [] }) => {
  const answer = await deliver(body, delivery);
  expect(verdictOf(answer)).toBe(says);
  expect(says.includes("INVALID_ARGUMENT") ? faultsOf({ ...answer, body: withFaults(answer) }) : []).toEqual(fields);
});

/** An answer without field violations has no such detail. */
function withFaults({ body }: Answer): object {
  const none = { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [] };
  return { error: { ...body.error, details: [...body.error.details, none] } };
}

test("at most twenty faults are told", async () => {
  const answer = await deliver(linesOf(Array.from({ length: 1_000 }, () => ({}))), { id: newId(1_000) });
  expect(faultsOf(answer)).toHaveLength(20);
});

test.each([
  { who: "a gateway of another environment", token: () => gatewayKey("other") },
  { who: "a viewer", token: () => under.control.issueKey({ name: "v", role: "viewer", organization: "local" }) },
  { who: "an operator", token: () => under.control.issueKey({ name: "o", role: "operator", organization: "local" }) },
])("$who may not deliver", async ({ token }) => {
  expect(verdictOf(await deliver(good, { token: token() }))).toBe("403 PERMISSION_DENIED ACCESS_DENIED");
});

test("a control without an event store says so, for the gateway to try again later", async () => {
  const { ask } = await openTestControl();
  const answer = await ask(`POST /demo/gateways/edge-1:deliverEvents?batchId=${newId(1)}`, { rawBody: good });
  expect(verdictOf(answer)).toBe("503 UNAVAILABLE EVENT_STORE_ABSENT");
});

/** The last test, as the database is for one process alone. */
test("what was taken is there, and nothing of what was refused", async () => {
  await under.close();
  const store = await openDuckdbEvents(join(folder, "events.duckdb"), { limits: DEFAULT_CONTROL_LIMITS, now: Date.now });
  try {
    const demo = { organization: "local", environment: "demo" };
    expect(await store.environments()).toEqual([demo]);
    // By what follows from the evidence alone.
    expect(await store.deleteAddress(demo, { address: "203.0.113.7" })).toBe(1);
    expect(await store.deleteBefore(demo, { before: 10_000 })).toBe(8);
  } finally {
    await store.close();
  }
});
