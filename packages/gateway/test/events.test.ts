import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayOptions, Notice } from "@wherefrom/gateway";
import { completeEvent, type TrafficEvent, trafficEventSchema } from "@wherefrom/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { writeMmdb } from "./rig/mmdb.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { sendRaw, until, wire } from "./rig/wire.ts";

const trusting = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] }, fallback: "REJECT" };

let target: Target;
let folder: string;
let gateways: TestGateway[] = [];
let notices: Notice[] = [];

beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "wherefrom-events-")), "spool");
  notices = [];
});
afterEach(async () => {
  for (const gateway of gateways) await gateway.close();
  gateways = [];
  rmSync(join(folder, ".."), { recursive: true });
});

async function open(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const snapshot = snapshotOf([{ target: target.origin, name: "shop" }], { policy: trusting, revision: 7 });
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const gateway = await openTestGateway(snapshot, { id: "edge-1", onNotice, events: { folder }, ...options });
  gateways.push(gateway);
  return gateway;
}

async function askFrom(gateway: TestGateway, client: string, path = "/"): Promise<void> {
  await sendRaw(gateway.port, wire(`GET ${path} HTTP/1.1`, "Host: a.example", `X-Forwarded-For: ${client}`, "Connection: close"));
}

function batches(): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
}

/** All events of the spool; none that is not as the model says. */
function events(): TrafficEvent[] {
  const lines = batches().flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"));
  return lines.map((line) => trafficEventSchema.parse(JSON.parse(line)));
}

test("an event says who a request is from, how that is known, and what became of it", async () => {
  const gateway = await open();
  const before = Date.now();
  const head = ["POST /cart?token=secret HTTP/1.1", "Host: a.example", "X-Forwarded-For: 198.51.100.1, 203.0.113.7", "Content-Length: 3"];
  await sendRaw(gateway.port, `${wire(...head, "True-Client-IP: 192.0.2.5", 'User-Agent: café "b"', "Connection: close")}abc`);
  await gateway.close();
  expect(events()).toEqual([
    {
      time: expect.any(Number),
      organization: "local",
      environment: "demo",
      gateway: "edge-1",
      revision: 7,
      api: "shop",
      target: target.origin,
      method: "POST",
      path: "/cart",
      status: expect.any(Number),
      isComplete: true,
      durationMs: expect.any(Number),
      targetMs: expect.any(Number),
      requestBytes: expect.any(Number),
      responseBytes: expect.any(Number),
      resolvedIp: "203.0.113.7",
      trust: "verified",
      outcome: "resolved",
      algorithm: "TrustedProxiesAlgorithm{IpHeaderName:X-Forwarded-For}",
      userAgent: expect.any(String),
      evidence: {
        peer: "127.0.0.1",
        fields: [
          ["x-forwarded-for", "198.51.100.1, 203.0.113.7"],
          ["true-client-ip", "192.0.2.5"],
        ],
      },
    },
  ]);
  const [event] = events();
  expect(event && completeEvent(event)).toEqual({
    ...event,
    clientIp: "127.0.0.1",
    proxyClientIp: "203.0.113.7",
    trueClientIp: "192.0.2.5",
    xForwardedFor: "198.51.100.1, 203.0.113.7",
    xForwardedProto: undefined,
  });
  expect(event?.targetMs).toBeLessThanOrEqual(event?.durationMs ?? 0);
  expect(event?.time).toBeGreaterThanOrEqual(before - 1);
  expect(event?.userAgent).toMatch(/^caf[\x20\x21\x23-\x7e]+$/);
});

test("evidence is as it came, of every header that a policy may read, or not there at all", async () => {
  const policy = { singleHeaderAlgorithm: { ipHeaderName: "X-Edge-Client", trustedPeers: ["127.0.0.0/8"] }, fallback: "PEER" };
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy }), { events: { folder } });
  gateways.push(gateway);
  const head = [
    "GET / HTTP/1.1",
    "Host: a.example",
    "X-Edge-Client: 192.0.2.9",
    'forwarded: for="[2001:db8::1]";by="\\é"',
    "Forwarded: for=_x",
    "X-Other: 1",
  ];
  await sendRaw(gateway.port, wire(...head, "Connection: close"));
  await sendRaw(
    gateway.port,
    wire(
      "GET / HTTP/1.1",
      "Host: a.example",
      `X-Real-IP: ${"a".repeat(5_000)}`,
      "X-Forwarded-For: 192.0.2.1, 192.0.2.2",
      "Connection: close",
    ),
  );
  await gateway.close();
  const [whole, tooLong] = events();
  expect(whole?.evidence?.fields).toEqual([
    ["x-edge-client", "192.0.2.9"],
    ["forwarded", Buffer.from('for="[2001:db8::1]";by="\\é"').toString("latin1")],
    ["forwarded", "for=_x"],
  ]);
  // What is told without it does not depend on how much a client sends.
  const told = { clientIp: "127.0.0.1", proxyClientIp: "192.0.2.2", xForwardedFor: "192.0.2.1, 192.0.2.2" };
  expect(tooLong).toMatchObject({ resolvedIp: "127.0.0.1", outcome: "fallback", ...told });
  expect(tooLong).not.toHaveProperty("evidence");
});

test("an event says the country of its client and its autonomous system where geo databases know them", async () => {
  const file = join(folder, "..", "geo.mmdb");
  writeFileSync(file, writeMmdb({ "203.0.113.0/24": { country: { iso_code: "NL" }, autonomous_system_number: 64_500 } }));
  const gateway = await open({ geoDatabases: [file] });
  await askFrom(gateway, "203.0.113.1");
  await askFrom(gateway, "198.51.100.1");
  await gateway.close();
  expect(events()).toMatchObject([{ country: "NL", asn: "64500" }, { resolvedIp: "198.51.100.1" }]);
  expect(events()[1]).not.toHaveProperty("country");
});

test("a request that a proxy asks about has one event, with what the proxy said of it", async () => {
  const gateway = await open({ listeners: [{ port: 0, decide: { trustedPeers: ["127.0.0.1"] } }] });
  const asked = ["X-Original-Method: DELETE", "X-Original-Uri: /cart?id=1", "X-Original-Host: a.example", "X-Original-Peer: 127.0.0.9"];
  await sendRaw(
    gateway.port,
    wire("GET /auth-request HTTP/1.1", "Host: decide", ...asked, "X-Forwarded-For: 203.0.113.7", "Connection: close"),
  );
  await gateway.close();
  expect(events()).toMatchObject([
    { decision: "auth-request", method: "DELETE", path: "/cart", resolvedIp: "203.0.113.7", evidence: { peer: "127.0.0.9" } },
  ]);
  expect(events()[0]).not.toHaveProperty("target");
});

const atTargets = [
  {
    what: "fails",
    targets: 0,
    head: wire("GET / HTTP/1.1", "Host: a", "Connection: close"),
    says: { status: 502, fault: "UPSTREAM_REFUSED" },
  },
  { what: "answers after another failed", targets: 1, head: wire("GET / HTTP/1.1", "Host: a", "Connection: close"), says: { status: 204 } },
  { what: "agrees to a WebSocket", targets: 1, head: HANDSHAKE, says: { status: 101, isComplete: true } },
];

test.each(atTargets)("of a target that $what an event says which it was and how long it took", async ({ targets, head, says }) => {
  const gone = await openRawTarget(() => undefined);
  await gone.close();
  const answers = await openRawTarget((socket, heard) => {
    socket.end(heard.includes("Upgrade: websocket") ? SWITCHING : wire("HTTP/1.1 204 No Content"));
  });
  const urls = [gone, answers].slice(0, targets + 1).map(({ origin: url }) => ({ url }));
  // A WebSocket is tried at one target only.
  const route = { targets: head === HANDSHAKE ? [{ url: answers.origin }] : urls };
  const gateway = await openTestGateway(snapshotOf([route]), { events: { folder } });
  gateways.push(gateway);
  await sendRaw(gateway.port, head);
  await gateway.close();
  const [event, ...more] = events();
  expect(more).toEqual([]);
  expect(event).toMatchObject({ ...says, target: targets === 0 ? gone.origin : answers.origin, targetMs: expect.any(Number) });
  expect(event?.targetMs).toBeLessThanOrEqual(event?.durationMs ?? 0);
});

const unresolved = [
  { what: "rejected by the policy", head: ["GET / HTTP/1.1", "Host: a.example"], says: { outcome: "rejected", reason: "header-absent" } },
  { what: "refused for its form", head: ["GET / HTTP/1.1"], says: { fault: "REQUEST_HOST_INVALID", status: 400 } },
];

test.each(unresolved)("a request that is $what has an event without an address", async ({ head, says }) => {
  const gateway = await open();
  await sendRaw(gateway.port, wire(...head, "Connection: close"));
  await gateway.close();
  expect(events()).toMatchObject([says]);
  expect(events()[0]).not.toHaveProperty("resolvedIp");
});

test("a running gateway writes batches by itself, that only their owner can read", async () => {
  const gateway = await open({ limits: { eventIntervalMs: 10 } });
  await askFrom(gateway, "203.0.113.1");
  await until(() => batches().length === 1);
  await askFrom(gateway, "203.0.113.2");
  await until(() => batches().length === 2 && gateway.eventCounts()?.recorded === 2);
  expect(events().map(({ resolvedIp }) => resolvedIp)).toEqual(["203.0.113.1", "203.0.113.2"]);
  expect(statSync(join(folder, batches()[0] ?? "")).mode & 0o777).toBe(0o600);
  expect(gateway.eventCounts()).toEqual({ recorded: 2, sampled: 0, dropped: 0, waiting: 0, evicted: 0 });
});

test("a spool that is full loses its oldest batch, and of one that was taken nothing is counted", async () => {
  mkdirSync(folder);
  const stale = (events: number): string => join(folder, `00000000000000${events}-0123abcd-00000000-${events}.jsonl`);
  for (const events of [1, 2, 3]) writeFileSync(stale(events), "x".repeat(1_000));
  const gateway = await open({ limits: { eventIntervalMs: 10, maxEventSpoolBytes: 2_100 } });
  rmSync(stale(1));
  await askFrom(gateway, "203.0.113.1");
  await until(() => (gateway.eventCounts()?.evicted ?? 0) > 0);
  expect(gateway.eventCounts()).toEqual({ recorded: 1, sampled: 0, dropped: 0, waiting: 0, evicted: 2 });
  expect(batches()).toHaveLength(2);
  expect(notices.filter(({ code }) => code === "EVENTS_LOST")).toMatchObject([
    { level: "warning", message: expect.stringContaining("full") },
  ]);
});

test("events wait while the spool cannot be written; what is beyond the limit is dropped, and every request is counted", async () => {
  const gateway = await open({ limits: { eventIntervalMs: 10, maxWaitingEventBytes: 1_200 } });
  const away = `${folder}-away`;
  renameSync(folder, away);
  await askFrom(gateway, "203.0.113.1");
  await until(() => notices.some(({ code }) => code === "EVENTS_LOST"));
  for (const last of [2, 3, 4]) await askFrom(gateway, `203.0.113.${last}`);
  await until(() => (gateway.eventCounts()?.dropped ?? 0) > 0);
  await until(() => {
    const { recorded = 0, dropped = 0, waiting = 0 } = gateway.eventCounts() ?? {};
    return recorded + dropped + waiting === 4;
  });
  renameSync(away, folder);
  await until(() => gateway.eventCounts()?.waiting === 0);
  const { recorded = 0, dropped = 0 } = gateway.eventCounts() ?? {};
  expect(recorded + dropped).toBe(4);
  expect(events()).toHaveLength(recorded);
  expect(events()[0]?.resolvedIp).toBe("203.0.113.1");
  expect(notices.filter(({ code }) => code === "EVENTS_LOST")).toMatchObject([{ message: expect.stringContaining("ENOENT") }]);
});

test("with a sample rate some requests have an event and the others are counted", async () => {
  const gateway = await open({ events: { folder, sampleRate: 0.5 } });
  const one = wire("GET / HTTP/1.1", "Host: a.example", "X-Forwarded-For: 203.0.113.1");
  const last = wire("GET / HTTP/1.1", "Host: a.example", "X-Forwarded-For: 203.0.113.1", "Connection: close");
  // That all of 100 go one way has a chance of 1 in 2^99.
  for (let connection = 0; connection < 4; connection += 1) await sendRaw(gateway.port, `${one.repeat(24)}${last}`);
  await gateway.close();
  const { recorded = 0, sampled = 0 } = gateway.eventCounts() ?? {};
  expect(recorded + sampled).toBe(100);
  expect(events()).toHaveLength(recorded);
  expect(Math.min(recorded, sampled)).toBeGreaterThan(0);
});

test.each([
  { what: "is a file", place: () => folder, says: "ENOTDIR" },
  { what: "lies in a file system without folders", place: () => "/proc/wherefrom/spool", says: "takes no folders" },
])("a folder that $what stops the gateway from starting, at once", async ({ place, says }) => {
  writeFileSync(folder, "");
  await expect(open({ events: { folder: place() } })).rejects.toMatchObject({
    code: "GATEWAY_EVENTS_UNWRITABLE",
    message: expect.stringContaining(says),
  });
  rmSync(folder);
});
