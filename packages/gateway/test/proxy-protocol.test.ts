import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice } from "@wherefrom/gateway";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { withTimeEnough } from "../../../tools/patience.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { type ProxyCase, readProxyCases } from "./rig/proxy-cases.ts";
import { type Manner, sayRaw } from "./rig/raw-connection.ts";
import { linesOf, namesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

const HEADER = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n";
const V2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc6\x33\x64\x01\0\x01\0\x02";
const LOCAL = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
const from = (...trustedPeers: string[]) => ({ proxyProtocol: { trustedPeers } });

let target: Target;
let gateway: TestGateway;
let notices: Notice[];

beforeAll(async () => {
  target = await openTarget();
});
beforeEach(() => {
  notices = [];
});
afterAll(() => target.close());

async function openProxied(
  options: Parameters<typeof openTestGateway>[1] = {},
  policy: object = { peerAddressAlgorithm: {} },
): Promise<TestGateway> {
  return openTestGateway(snapshotOf([{ target: target.origin }], { policy }), {
    listeners: [{ port: 0, ...from("127.0.0.1") }],
    onNotice: (notice) => void notices.push(notice),
    ...options,
  });
}

const request = (path: string): string => wire(`GET ${path} HTTP/1.1`, "Host: a");
/** What the target was told about the client, by the path that only one request has. */
function toldOf(path: string): string | undefined {
  const received = receivedAt(path);
  return received && linesOf(received, "x-real-ip").join();
}

const receivedAt = (path: string): Received | undefined => target.received.find(({ url }) => url === path);

/** All names that the target gets of a request that says nothing but its Host. */
const USUAL = ["host", "connection", "x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "forwarded", "cdn-loop"];

describe("on a listener that requires it", () => {
  beforeAll(async () => {
    // 4,096 bytes one by one may take longer than a load balancer does.
    gateway = await openProxied({ limits: { proxyHeaderTimeoutMs: 60_000 } });
  });
  afterAll(() => gateway.close());

  // A row with bytes behind its header is about where the header ends; one that is incomplete, about waiting.
  const rows = readProxyCases().filter(({ expect: { kind }, rest }) => kind !== "incomplete" && rest.length === 0);

  async function hold(
    { name, bytes, expect: wanted }: ProxyCase,
    { path, manner }: { path: string; manner: Manner },
  ): Promise<string | undefined> {
    const isRefused = wanted.kind === "refused";
    const said = bytes.toString("latin1") + request(path);
    const heard = await sayRaw(gateway.port, { bytes: said, answers: isRefused ? 0 : 1, manner });
    const received = receivedAt(path);
    const found = JSON.stringify({ answers: heard.answers, closes: heard.closes, client: toldOf(path) });
    if (received !== undefined && !saysNothingElse(received)) return `${name}: the target got ${received.fields.join("|")}`;
    const client = wanted.kind === "proxied" ? wanted.peer : "127.0.0.1";
    const good = JSON.stringify(isRefused ? { answers: [], closes: true } : { answers: [200], closes: false, client });
    return found === good ? undefined : `${name}: found ${found}, wanted ${good}`;
  }

  /** Whatever the additions of a header say, none of it becomes a name, a host or a line of its own. */
  const saysNothingElse = (received: Received): boolean =>
    namesOf(received).join() === USUAL.join() && linesOf(received, "x-forwarded-host").join() === "a";

  test.each(["whole", "byte by byte"] as const)("every case of the corpus, said %s", async (manner) => {
    const faults: (string | undefined)[] = [];
    // Some at a time, so that the connections of a slow machine are not all overdue.
    for (let index = 0; index < rows.length; index += 16) {
      const some = rows.slice(index, index + 16).map((row, at) => hold(row, { path: `/${manner.length}/${index + at}`, manner }));
      faults.push(...(await Promise.all(some)));
    }
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    expect(rows.length).toBeGreaterThan(200);
  });

  test("the header holds for every request of its connection, and for no other connection", async () => {
    const client = await converse(gateway.port);
    client.write(HEADER + request("/held/1"));
    await client.readUntil(/held\/1/);
    client.write(request("/held/2"));
    await client.readUntil(/held\/2/);
    client.socket.destroy();
    await sendRaw(
      gateway.port,
      HEADER.replace("203.0.113.7", "203.0.113.8") + wire("GET /held/3 HTTP/1.1", "Host: a", "Connection: close"),
    );
    expect(["/held/1", "/held/2", "/held/3"].map(toldOf)).toEqual(["203.0.113.7", "203.0.113.7", "203.0.113.8"]);
  });

  const stacked = [HEADER, V2].flatMap((first, index) =>
    [HEADER.replace("203.0.113.7", "6.6.6.6"), V2.replace("\xcb\0\x71\x07", "\x06\x06\x06\x06")].map((second, other) => ({
      what: `a header of version ${other + 1} behind one of version ${index + 1}`,
      bytes: first + second + request("/stacked"),
    })),
  );

  test.each(stacked)("$what is no request: 400 and closed, and the target is not asked", async ({ bytes }) => {
    for (const manner of ["whole", "byte by byte"] as const) {
      const heard = await sayRaw(gateway.port, { bytes, answers: 1, manner });
      expect(heard).toMatchObject({ answers: [400], code: "REQUEST_MALFORMED", closes: true });
    }
    expect(toldOf("/stacked")).toBeUndefined();
  });

  test("a header behind a request is no request: 400", async () => {
    const client = await converse(gateway.port);
    client.write(HEADER + request("/before"));
    await client.readUntil(/before/);
    client.write(HEADER + request("/behind"));
    await client.readUntil(/400 Bad Request/);
    await client.closed;
    expect(toldOf("/behind")).toBeUndefined();
  });

  test("a forwarding header of the client counts by the client's address, not by the load balancer's", async () => {
    const walk = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } };
    gateway.source.offer(snapshotOf([{ target: target.origin }], { policy: walk, revision: 2 }));
    await sendRaw(gateway.port, HEADER + wire("GET /claim HTTP/1.1", "Host: a", "X-Forwarded-For: 6.6.6.6", "Connection: close"));
    expect(toldOf("/claim")).toBe("203.0.113.7");
    gateway.source.offer(snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} }, revision: 3 }));
  });

  test("TLS to the load balancer is the client's scheme", async () => {
    const tls = readProxyCases().find(({ name }) => name.endsWith("a client that spoke TLS, without additions"));
    const bytes = Buffer.concat([tls?.bytes ?? Buffer.alloc(0), Buffer.from(wire("GET /tls HTTP/1.1", "Host: a", "Connection: close"))]);
    await sendRaw(gateway.port, bytes);
    const received = target.received.find(({ url }) => url === "/tls");
    expect(received && linesOf(received, "x-forwarded-proto")).toEqual(["https"]);
  });
});

describe("who does not keep to it", () => {
  afterEach(() => gateway.close());

  test("a connection without a header is closed without an answer, and the notice says why", async () => {
    gateway = await openProxied();
    expect(await sendRaw(gateway.port, request("/"))).toBe("");
    expect(notices.filter(({ level }) => level === "warning")).toMatchObject([
      { code: "PROXY_HEADER_REFUSED", message: expect.stringContaining("127.0.0.1 was closed: its PROXY protocol header is not-a-header") },
    ]);
  });

  test("many of them are one line in the log, and each is counted", async () => {
    gateway = await openProxied();
    await Promise.all(Array.from({ length: 50 }, () => sendRaw(gateway.port, request("/"))));
    // One each ten seconds, and a busy machine may take some.
    expect(notices.filter(({ code }) => code === "PROXY_HEADER_REFUSED").length).toBeLessThan(10);
    const counted = gateway.ownMetrics().find(({ name }) => name === "wherefrom_notices_total")?.values;
    expect(counted).toContainEqual({ labels: { code: "PROXY_HEADER_REFUSED" }, value: 50 });
  });

  test("one that is no trusted peer is closed before it is read", async () => {
    gateway = await openProxied({ listeners: [{ port: 0, ...from("127.0.0.2", "10.0.0.0/8") }] });
    expect(await sendRaw(gateway.port, HEADER + request("/untrusted"))).toBe("");
    expect(toldOf("/untrusted")).toBeUndefined();
    expect(notices.at(-1)).toMatchObject({ code: "PROXY_PEER_REFUSED", message: expect.stringContaining("127.0.0.1") });
    const trusted = connect({ port: gateway.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    trusted.write(HEADER + request("/trusted"));
    await new Promise((resolve) => trusted.once("data", resolve));
    trusted.destroy();
    expect(toldOf("/trusted")).toBe("203.0.113.7");
  });

  test.each([
    { what: "says nothing", bytes: "" },
    { what: "says half a header", bytes: "PROXY TCP4 203.0.113.7" },
    { what: "says half a header of version 2", bytes: "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" },
  ])("one that $what is closed when its time is over", async ({ bytes }) => {
    gateway = await openProxied({ limits: { proxyHeaderTimeoutMs: 40 } });
    expect(await sendRaw(gateway.port, Buffer.from(bytes, "latin1"))).toBe("");
    expect(notices.at(-1)).toMatchObject({ code: "PROXY_HEADER_REFUSED", message: expect.stringContaining("late") });
  });

  test("a header that trickles in has the same time in all", async () => {
    gateway = await openProxied({ limits: { proxyHeaderTimeoutMs: 200 } });
    const client = await converse(gateway.port);
    const trickle = setInterval(() => client.write("PROXY UNKNOWN".slice(client.socket.bytesWritten)[0] ?? "x"), 15);
    await client.closed;
    clearInterval(trickle);
    expect(notices.at(-1)).toMatchObject({ code: "PROXY_HEADER_REFUSED", message: expect.stringContaining("late") });
  });

  test("a gateway that stood still reads what has come meanwhile before it calls a header late", async () => {
    await withTimeEnough(150, async (proxyHeaderTimeoutMs) => {
      await gateway?.close();
      gateway = await openProxied({ limits: { proxyHeaderTimeoutMs } });
      const client = await converse(gateway.port);
      client.write("PROXY");
      const open = () => gateway.ownMetrics().find(({ name }) => name === "wherefrom_open_connections")?.values[0]?.value;
      await until(() => open() === 1);
      client.write(HEADER.slice("PROXY".length) + request("/still"));
      // As if the process were stopped: its timers come before it reads again.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * proxyHeaderTimeoutMs);
      await client.readUntil(/^HTTP\/1\.1 200 /);
      client.socket.destroy();
    });
  });

  test("one that only looks whether the port is open leaves no notice", async () => {
    gateway = await openProxied();
    const client = await converse(gateway.port);
    client.socket.end();
    await client.closed;
    expect(notices.filter(({ level }) => level === "warning")).toEqual([]);
  });

  test("closing the gateway does not wait for headers", async () => {
    gateway = await openProxied({ limits: { proxyHeaderTimeoutMs: 60_000, drainTimeoutMs: 60_000 } });
    const client = await converse(gateway.port);
    client.write("PROXY");
    await gateway.close();
    await client.closed;
  });
});

test("on a listener that does not require it, a header is no request: 400", async () => {
  gateway = await openProxied({ listeners: [{ port: 0 }] });
  expect(parseResponse(await sendRaw(gateway.port, HEADER + request("/"))).status).toBe(400);
  await gateway.close();
});

describe("what the load balancer asks for itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-proxied-events-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("without a request it is no exchange", async () => {
    const records: unknown[] = [];
    gateway = await openProxied({ onExchange: (record) => void records.push(record) });
    const client = await converse(gateway.port);
    client.socket.end(Buffer.from(LOCAL, "latin1"));
    await client.closed;
    expect(records).toEqual([]);
    await gateway.close();
  });

  test("with one it is answered, by the load balancer's address, and is no client's: no event of it, and it is not counted", async () => {
    gateway = await openProxied({ events: { folder } });
    for (const [header, path] of Object.entries({ [LOCAL]: "/check", [V2]: "/client", "PROXY UNKNOWN\r\n": "/unknown" })) {
      const text = await sendRaw(
        gateway.port,
        Buffer.from(header + wire(`GET ${path} HTTP/1.1`, "Host: a", "Connection: close"), "latin1"),
      );
      expect(parseResponse(text).status).toBe(200);
    }
    expect(["/check", "/client", "/unknown"].map(toldOf)).toEqual(["127.0.0.1", "203.0.113.7", "127.0.0.1"]);
    const requests = gateway.ownMetrics().find(({ name }) => name === "wherefrom_requests_total");
    expect(requests?.values.reduce((sum, { value }) => sum + value, 0)).toBe(2);
    await gateway.close();
    const { recorded, waiting, dropped, sampled } = gateway.eventCounts() ?? {};
    expect([recorded, waiting, dropped, sampled]).toEqual([2, 0, 0, 0]);
  });
});

test("on a unix socket the peer is unix:, and the header says who the client is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-proxied-"));
  const path = join(folder, "gateway.sock");
  gateway = await openProxied({ listeners: [{ unix: path, ...from("unix:") }] });
  const client = connect({ path });
  client.write(HEADER + request("/unix"));
  await new Promise((resolve) => client.once("data", resolve));
  client.destroy();
  expect(toldOf("/unix")).toBe("203.0.113.7");
  await gateway.close();
  rmSync(folder, { recursive: true });
});

test.each([
  { what: "an empty list", proxyProtocol: { trustedPeers: [] }, says: /\/0\/proxyProtocol\/trustedPeers: / },
  { what: "no list", proxyProtocol: {}, says: /\/0\/proxyProtocol\/trustedPeers: / },
  { what: "everybody", proxyProtocol: { trustedPeers: ["0.0.0.0/0"] }, says: /\/0\/proxyProtocol\/trustedPeers\/0: / },
  { what: "auto", proxyProtocol: "auto", says: /\/0\/proxyProtocol: / }, // not offered: who could leave the header out could also write one
])("a listener that would take it from $what is refused", async ({ proxyProtocol, says }) => {
  const opening = openProxied({ listeners: [{ port: 0, proxyProtocol } as never] });
  await expect(opening).rejects.toMatchObject({ code: "GATEWAY_LISTENER_INVALID", message: expect.stringMatching(says) });
});
