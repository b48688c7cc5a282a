import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlSource, defaultLimits, type Gateway, type GatewayLimits, type Notice, openGateway } from "@wherefrom/gateway";
import { maxEventBatchBytes } from "@wherefrom/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { NEVER_MS } from "../../../tools/patience.ts";
import { EventReceiver } from "./rig/event-receiver.ts";
import { portOf, snapshotOf, unhurried } from "./rig/gateway.ts";
import { own } from "./rig/owned.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { sendRaw, until, wire } from "./rig/wire.ts";

const PROGRAM = new URL("./events-process.mjs", import.meta.url);
const trusting = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] }, fallback: "REJECT" };

let target: Target;
let receiver: EventReceiver;
let folder: string;
let notices: Notice[] = [];

beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "wherefrom-event-sending-"));
  notices = [];
  receiver = await new EventReceiver(snapshotOf([{ target: target.origin }], { policy: trusting })).open();
});
afterEach(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true });
});

async function open(more: Partial<GatewayLimits> = {}): Promise<Gateway> {
  const source = controlSource({
    url: receiver.url,
    organization: "local",
    environment: "demo",
    gatewayId: "edge-1",
    token: () => "the-key",
  });
  const limits = { eventIntervalMs: 10, maxEventPauseMs: 50, ...unhurried, ...more };
  const onNotice = (notice: Notice): void => void notices.push(notice);
  return own(await openGateway({ listeners: [{ port: 0 }], id: "edge-1", source, limits, onNotice, events: { folder } }));
}

async function askFrom(port: number, client: string, more: readonly string[] = []): Promise<void> {
  const answer = await sendRaw(port, wire("GET / HTTP/1.1", "Host: a.example", `X-Forwarded-For: ${client}`, ...more, "Connection: close"));
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
}

/** Also one that is on its way. */
const BATCH = /-(?<events>\d+)\.jsonl(?:\.sending)?$/;

function spooled(): string[] {
  return readdirSync(folder).filter((name) => BATCH.test(name));
}

test("events get to control with the gateway's key, and leave the spool when control has them", async () => {
  const gateway = await open();
  await askFrom(portOf(gateway), "203.0.113.1");
  await until(() => gateway.sentCounts()?.accepted === 1 && spooled().length === 0);
  await askFrom(portOf(gateway), "203.0.113.2");
  await until(() => gateway.sentCounts()?.accepted === 2 && spooled().length === 0);
  expect(receiver.clients).toEqual(["203.0.113.1", "203.0.113.2"]);
  expect([...receiver.authorizations]).toEqual(["Bearer the-key"]);
  expect([...receiver.codings]).toEqual([undefined]);
  expect(notices.filter(({ code }) => code === "EVENTS_NOT_SENT")).toEqual([]);
});

test("a batch whose answer is lost is sent again by the same id, and stays in the spool until it is answered", async () => {
  receiver.way = "lost";
  const gateway = await open();
  await askFrom(portOf(gateway), "203.0.113.1");
  await until(() => receiver.attempts.length >= 3);
  expect(spooled()).toHaveLength(1);
  receiver.way = "accepts";
  await until(() => gateway.sentCounts()?.accepted === 1 && spooled().length === 0);
  expect(new Set(receiver.attempts).size).toBe(1);
  expect(receiver.clients).toEqual(["203.0.113.1"]);
  expect(notices.filter(({ code }) => code === "EVENTS_NOT_SENT")).toHaveLength(1);
});

test("events wait in the spool while control cannot take them, and get there in order", async () => {
  receiver.way = "away";
  const gateway = await open();
  for (const last of [1, 2, 3]) {
    await askFrom(portOf(gateway), `203.0.113.${last}`);
    await until(() => spooled().length === last);
  }
  expect(gateway.sentCounts()).toEqual({ accepted: 0, refused: 0 });
  receiver.way = "accepts";
  await until(() => gateway.sentCounts()?.accepted === 3);
  expect(receiver.clients).toEqual(["203.0.113.1", "203.0.113.2", "203.0.113.3"]);
});

test("a batch that control will never take is counted and does not hold up the next", async () => {
  receiver.way = "refuses";
  const gateway = await open();
  await askFrom(portOf(gateway), "203.0.113.1");
  await until(() => gateway.sentCounts()?.refused === 1 && spooled().length === 0);
  receiver.way = "accepts";
  await askFrom(portOf(gateway), "203.0.113.2");
  await until(() => gateway.sentCounts()?.accepted === 1);
  expect(receiver.clients).toEqual(["203.0.113.2"]);
  const [notice] = notices.filter(({ code }) => code === "EVENTS_NOT_SENT");
  expect(notice?.message).toContain("refused by control");
  expect(notice?.message).toContain("\\x1b");
});

test("a full spool does not lose the batch that is on its way: each event is accepted or evicted, and no one is both", async () => {
  receiver.way = "holds";
  // Room for one event.
  const gateway = await open({ maxEventSpoolBytes: 700 });
  await askFrom(portOf(gateway), "203.0.113.1");
  await until(() => receiver.attempts.length === 1);
  await askFrom(portOf(gateway), "203.0.113.2");
  await until(() => spooled().length === 2);
  await askFrom(portOf(gateway), "203.0.113.3");
  await until(() => gateway.eventCounts()?.evicted === 1);
  receiver.accept();
  await until(() => gateway.sentCounts()?.accepted === 2);
  expect(receiver.clients).toEqual(["203.0.113.1", "203.0.113.3"]);
  expect(gateway.eventCounts()).toEqual({ recorded: 3, sampled: 0, dropped: 0, waiting: 0, evicted: 1 });
});

test("a batch that cannot be read stays, and the next ones get through", async () => {
  const unreadable = "000000000000001-0123abcd-00000000-1.jsonl";
  const gateway = await open();
  writeFileSync(join(folder, "part"), "");
  // More than any file that is read whole, and a hole all of it.
  truncateSync(join(folder, "part"), 3 * 1_024 ** 3);
  renameSync(join(folder, "part"), join(folder, unreadable));
  await askFrom(portOf(gateway), "203.0.113.1");
  await until(() => gateway.sentCounts()?.accepted === 1);
  await askFrom(portOf(gateway), "203.0.113.2");
  await until(() => gateway.sentCounts()?.accepted === 2 && spooled().length === 1);
  expect(spooled()).toEqual([unreadable]);
  expect(notices.filter(({ code }) => code === "EVENTS_NOT_SENT")).toMatchObject([
    { message: expect.stringContaining(unreadable.slice(0, 15)) },
  ]);
});

test("what is too much for one batch is written as several", async () => {
  receiver.way = "away";
  const limits = { ...unhurried, eventIntervalMs: NEVER_MS };
  const source = controlSource({ url: receiver.url, organization: "local", environment: "demo", gatewayId: "edge-1" });
  const gateway = own(await openGateway({ listeners: [{ port: 0 }], id: "edge-1", source, limits, events: { folder } }));
  const long = "a".repeat(6_000);
  const heads = Array.from({ length: 300 }, () =>
    wire("GET / HTTP/1.1", "Host: a.example", "X-Forwarded-For: 203.0.113.1", `User-Agent: ${long}`, `True-Client-IP: ${long}`),
  );
  for (let first = 0; first < heads.length; first += 50) {
    const last = wire("GET / HTTP/1.1", "Host: a.example", "Connection: close");
    await sendRaw(portOf(gateway), `${heads.slice(first, first + 50).join("")}${last}`);
  }
  await gateway.close();
  const sizes = spooled().map((name) => Number(BATCH.exec(name)?.groups?.["events"]));
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((sum, events) => sum + events, 0)).toBe(306);
  receiver.way = "accepts";
  // By a name that is not known as this machine's own, and so compressed.
  const mapped = receiver.url.replace("127.0.0.1", "[::ffff:127.0.0.1]");
  const other = controlSource({ url: mapped, organization: "local", environment: "demo", gatewayId: "edge-1" });
  const next = own(
    await openGateway({
      listeners: [{ port: 0 }],
      id: "edge-1",
      source: other,
      limits: unhurried,
      events: { folder },
    }),
  );
  await until(() => next.sentCounts()?.accepted === 306);
  expect([...receiver.codings]).toEqual(["gzip"]);
  // The receiver takes no batch of more than maxEventBatchBytes.
  expect(receiver.batches.size).toBe(sizes.length);
  expect(maxEventBatchBytes).toBe(1_048_576);
});

test("a gateway that is killed loses nothing that was in its spool, and nothing counts twice when another takes over", async () => {
  receiver.way = "lost";
  const first = await startProcess();
  const clients = some;
  for (const client of clients.slice(0, 20)) await askFrom(first.port, client);
  await until(() => inSpools() === 20);
  for (const client of clients.slice(20)) await askFrom(first.port, client);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  receiver.way = "accepts";
  const second = await startProcess();
  await until(() => spooled().length === 0);
  second.child.kill("SIGKILL");
  await once(second.child, "exit");
  const arrived = receiver.clients;
  expect(new Set(arrived).size).toBe(arrived.length);
  expect(arrived.slice(0, 20)).toEqual(clients.slice(0, 20));
  // What was answered just before may be lost, but only from its end: what is younger than a batch, of which there are two a second.
  expect(defaultLimits.eventIntervalMs).toBe(500);
  expect(arrived).toEqual(clients.slice(0, arrived.length));
});

test("of workers each has a spool, and their events get to control once, also when one of them is killed", async () => {
  receiver.way = "lost";
  const { child, port } = await startProcess(["2"]);
  await Promise.all(some.map((client) => askFrom(port, client)));
  await until(() => receiver.attempts.length >= 2);
  receiver.accept();
  await until(() => receiver.clients.length === some.length && inSpools() === 0);
  expect(receiver.clients.toSorted()).toEqual(some.toSorted());
  const before = await sumsOf(child);
  expect(tellsOf(before)).toEqual({ requests: 40, recorded: 40, sampled: 0, dropped: 0, waiting: 0, accepted: 40, refused: 0 });
  // Some of these are on their way to the worker that is killed, or answered by it just before.
  const sockets = others.map((client) => {
    const request = wire("GET / HTTP/1.1", "Host: a.example", `X-Forwarded-For: ${client}`, "Connection: close");
    return connect(port, "127.0.0.1", function (this: Socket) {
      this.end(request);
    }).on("error", () => undefined);
  });
  child.send("kill");
  await once(child, "message");
  await untilTold(child, (sums) => {
    return sums["wherefrom_workers_serving"] === 2 && sums["wherefrom_worker_deaths_total"] === 1 && tellsOf(sums).waiting === 0;
  });
  // Node leaves connections open that it was handing to a worker that is killed.
  for (const socket of sockets) socket.destroy();
  await askFrom(port, "192.0.2.1");
  await until(() => receiver.clients.includes("192.0.2.1") && inSpools() === 0);
  const clients = receiver.clients as string[];
  expect(new Set(clients).size).toBe(clients.length);
  expect([...some, ...others, "192.0.2.1"]).toEqual(expect.arrayContaining(clients));
  const { requests, recorded, sampled, dropped, waiting, accepted } = tellsOf(await sumsOf(child));
  expect(recorded + sampled + dropped + waiting).toBe(requests);
  expect(accepted).toBe(clients.length);
});

test("another number of workers loses nothing of what those before have left, and sends it once", async () => {
  receiver.way = "away";
  const groups = [["2"], []];
  for (const [index, workers] of groups.entries()) {
    const { child, port } = await startProcess(workers);
    const clients = some.slice(index * 12, index * 12 + 12);
    await Promise.all(clients.map((client) => askFrom(port, client)));
    await until(() => inSpools() === (index + 1) * 12);
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  receiver.accept();
  const { child } = await startProcess(["1"]);
  await until(() => inSpools() === 0);
  expect(receiver.clients.toSorted()).toEqual(some.slice(0, 24).toSorted());
  await untilTold(child, (sums) => tellsOf(sums).accepted === 24);
  expect(tellsOf(await sumsOf(child))).toMatchObject({ requests: 0, recorded: 0, dropped: 0, waiting: 0, refused: 0 });
});

const some = Array.from({ length: 40 }, (_, index) => `198.51.100.${index + 1}`);
const others = Array.from({ length: 40 }, (_, index) => `203.0.113.${index + 1}`);

/** Events in the spool and in those of workers. */
function inSpools(): number {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names.reduce((sum, name) => sum + Number(BATCH.exec(name)?.groups?.["events"] ?? 0), 0);
}

type Sums = Readonly<Record<string, number>>;

async function sumsOf(child: ChildProcess): Promise<Sums> {
  child.send("count");
  const [{ sums }] = (await once(child, "message")) as [{ sums: Sums }];
  return sums;
}

async function untilTold(child: ChildProcess, isSo: (sums: Sums) => boolean): Promise<void> {
  while (!isSo(await sumsOf(child))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** What the metrics tell of requests and their events. */
function tellsOf(sums: Sums) {
  const of = (name: string): number => sums[name] ?? 0;
  const statuses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"].map((status) => of(`wherefrom_requests_total ${status}`));
  return {
    requests: statuses.reduce((sum, count) => sum + count, 0),
    recorded: of("wherefrom_events_total recorded"),
    sampled: of("wherefrom_events_total sampled"),
    dropped: of("wherefrom_events_total dropped"),
    waiting: of("wherefrom_events_waiting"),
    accepted: of("wherefrom_events_sent_total accepted"),
    refused: of("wherefrom_events_sent_total refused"),
  };
}

async function startProcess(more: readonly string[] = []): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(PROGRAM, [receiver.url, folder, ...more]);
  own({
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}
