import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditFaults } from "@wherefrom/model";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PATIENT } from "../../../tools/patience.ts";
import type { ControlNotice } from "../src/notice.ts";
import { type ControlUnderTest, faultsOf, type Json, openControlForFile, verdictOf } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

const NOW = Date.UTC(2026, 10, 25, 12);
const DAY_MS = 86_400_000;
const CLIENT = "203.0.113.7";

let folder: string;
let under: ControlUnderTest & { close(): Promise<void> };
let now = NOW;
let environments = 0;
/** Of the running test. */
let name: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wherefrom-privacy-"));
  const analytics = `duckdb:${join(folder, "events.duckdb")}`;
  under = await openControlForFile({ analytics, limits: { eventRetentionLookMs: 50 }, now: () => now });
});
afterAll(async () => {
  await under.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  now = NOW;
  environments += 1;
  name = `env-${environments}`;
  await under.control.seedEnvironment({ organization: "local", name });
});

let batches = 0;

async function deliver(ages: readonly number[], fields = {}): Promise<void> {
  batches += 1;
  const lines = ages.map((age) =>
    JSON.stringify(eventOf({ organization: "local", environment: name, time: NOW - age * DAY_MS, resolvedIp: CLIENT, ...fields })),
  );
  const id = `001764000000000-0a1b2c3d-${String(batches).padStart(8, "0")}-${ages.length}`;
  const answer = await under.ask(`POST /${name}/gateways/edge-1:deliverEvents?batchId=${id}`, {
    rawBody: `${lines.join("\n")}\n`,
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(answer.body).toEqual({});
}

async function clients(): Promise<readonly string[]> {
  const range = "timeRange=01/01/2026%2000:00~12/31/2026%2000:00";
  const { body } = await under.ask(`GET /${name}/stats/ax_resolved_client_ip?select=sum(message_count)&sort=ASC&${range}`);
  return body.environments[0].dimensions.map(({ individualNames, metrics }: Json) => `${individualNames[0]} ${metrics[0].values[0]}`);
}

const set = (events: object) => under.ask(`PUT /${name}`, { body: { events } });
const erase = (body: object) => under.ask(`POST /${name}:deleteEvents`, { body });

test("what is told of addresses holds for events that come from then on", async () => {
  await deliver([0]);
  expect((await set({ addresses: "TRUNCATED" })).body.events).toEqual({ addresses: "TRUNCATED" });
  await deliver([0, 0]);
  await set({ addresses: "HASHED" });
  await deliver([0, 0, 0]);
  expect(await clients()).toEqual([`${CLIENT} 1.0`, "203.0.113.0/24 2.0", expect.stringMatching(/^hashed-[0-9a-f]{32} 3\.0$/)]);
  // those that name the address, and not those that name its network
  expect((await erase({ address: "::ffff:203.0.113.7" })).body).toEqual({ deletedEvents: 4, deletedIncidents: 0 });
  expect(await clients()).toEqual(["203.0.113.0/24 2.0"]);
});

test("who deleted events stands in the audit log, and nothing about whose they were", async () => {
  await deliver([0]);
  const { body } = await under.ask(`POST /${name}:deleteEvents`, {
    body: { address: CLIENT },
    headers: { "x-goog-request-reason": "Asked for by the person" },
  });
  expect(body.deletedEvents).toBe(1);
  const log = await under.ask("GET //v1/organizations/local/auditLog?pageSize=1000");
  const [entry, ...more] = log.body.entries.filter(({ resource }: Json) => resource === `organizations/local/environments/${name}/events`);
  expect(more).toEqual([]);
  expect(entry).toMatchObject({ change: "DELETED", method: "organizations.environments.deleteEvents", reason: "Asked for by the person" });
  expect(auditFaults([...log.body.entries].reverse())).toEqual([]);
  expect(JSON.stringify(log.body)).not.toContain(CLIENT);
});

test("hashes of two environments have nothing in common", async () => {
  const hashes = new Set<string>();
  for (const other of ["x", "y"]) {
    name = `${name}${other}`;
    await under.control.seedEnvironment({ organization: "local", name });
    await set({ addresses: "HASHED" });
    await deliver([0]);
    hashes.add(String(await clients()));
  }
  expect(hashes.size).toBe(2);
});

test("no address reaches the disk of an environment that truncates", async () => {
  await set({ addresses: "TRUNCATED" });
  const rare = "198.51.100.231";
  const evidence = { peer: rare, fields: [["x-forwarded-for", rare]] };
  await deliver([0], { resolvedIp: rare, clientIp: rare, proxyClientIp: rare, xForwardedFor: rare, trueClientIp: rare, evidence });
  const files = ["events.duckdb", "events.duckdb.wal"].map((file) => readFile(join(folder, file)).catch(() => Buffer.alloc(0)));
  const bytes = Buffer.concat(await Promise.all(files));
  expect(bytes.includes("edge-1")).toBe(true);
  expect(bytes.includes(rare)).toBe(false);
  // its 16 bytes as a number, the least first
  expect(bytes.includes(Buffer.from([231, 100, 51, 198, 0xff, 0xff, 0, 0, 0, 0, 0, 0]))).toBe(false);
});

test("events are deleted when their time is over", async () => {
  await set({ retentionDays: 7 });
  await deliver([6, 8]);
  await vi.waitFor(async () => expect(await clients()).toEqual([`${CLIENT} 1.0`]), PATIENT);
  now = NOW + 2 * DAY_MS;
  await vi.waitFor(async () => expect(await clients()).toEqual([]), PATIENT);
});

test("the oldest events are deleted before their time when all take more room than they may, and control says so", async () => {
  const notices: ControlNotice[] = [];
  const events = [3, 2, 1].map((age) => eventOf({ time: NOW - age * DAY_MS }));
  const told = { receivedAt: NOW, now: () => NOW, onNotice: (notice: ControlNotice) => notices.push(notice) };
  const crowded = await openControlWithEvents({ events: { demo: events }, limits: { maxEventStoreBytes: 1 }, ...told });
  try {
    const gone = notices.find(({ kind }) => kind === "events-deleted-for-room");
    expect(gone).toMatchObject({ until: expect.any(Number), bytes: expect.any(Number), maxBytes: 1 });
    await crowded.ask("POST ", { body: { name: "demo" } });
    const range = "timeRange=01/01/2026%2000:00~12/31/2026%2000:00";
    const { body } = await crowded.ask(`GET /demo/stats/-?select=sum(message_count)&${range}`);
    const left = Number(body.environments[0].metrics?.[0].values[0] ?? 0);
    expect(left).toBe(events.length - Number((gone as { deleted?: number } | undefined)?.deleted));
    expect(left).toBeLessThan(events.length);
  } finally {
    await crowded.close();
  }
});

test("unless told otherwise events are kept for 30 days", async () => {
  await deliver([29, 31]);
  await vi.waitFor(async () => expect(await clients()).toEqual([`${CLIENT} 1.0`]), PATIENT);
});

test.each([
  { events: { addresses: "MASKED" }, fields: ["events/addresses"] },
  { events: { retentionDays: 0 }, fields: ["events/retentionDays"] },
  { events: { retentionDays: 3.5, keep: true }, fields: ["events/retentionDays", "events/keep"] },
])("$events is refused", async ({ events, fields }) => {
  const answer = await set(events);
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(answer)).toEqual(fields);
});

test.each([{}, { address: "203.0.113.0/24" }, { address: "nobody" }, { address: 7 }])("nothing is deleted by %j", async (body) => {
  expect(verdictOf(await erase(body))).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
});
