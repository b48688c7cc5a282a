import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { GatewayLimits, Notice } from "@wherefrom/gateway";
import { afterAll, afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { NEVER_MS, withTimeEnough } from "../../../tools/patience.ts";
import { makeCertificate } from "./rig/certificate.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { openTarget } from "./rig/target.ts";
import { type Conversation, converse, until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function own<Thing extends { close(): Promise<void> }>(thing: Thing): Thing {
  open.push(thing);
  return thing;
}

const request = wire("GET / HTTP/1.1", "Host: a");
type Scene = { readonly gateway: TestGateway; readonly asked: () => number; readonly finishOne: () => void };

/** A gateway before a target that answers when the test says so, once for each call. */
async function scene(limits: Partial<GatewayLimits> = {}, onNotice?: (notice: Notice) => void): Promise<Scene> {
  let asked = 0;
  const answers: (() => void)[] = [];
  const target = own(
    await openTarget((_request, response) => {
      asked += 1;
      answers.push(() => response.end("whole"));
    }),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits, ...(onNotice && { onNotice }) }));
  return { gateway, asked: () => asked, finishOne: () => answers.shift()?.() };
}

async function inFlight({ gateway, asked }: Scene): Promise<Conversation> {
  const before = asked();
  const client = await converse(gateway.port);
  client.write(request);
  await until(() => asked() > before);
  return client;
}

/** A connection that has had an answer and waits for its next request. */
async function idle(given: Scene): Promise<Conversation> {
  const client = await inFlight(given);
  given.finishOne();
  await client.readUntil(/whole/);
  return client;
}

/** Connects until nobody listens any more. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const code = await new Promise<string | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    socket.destroy();
    if (code === "ECONNREFUSED") return;
  }
}

test("requests in flight finish and say that they are the last, new connections are refused", async () => {
  const given = await scene({ drainTimeoutMs: NEVER_MS });
  const clients = [await inFlight(given), await inFlight(given)];
  const closing = given.gateway.close();
  await untilRefused(given.gateway.port);
  for (const client of clients) {
    given.finishOne();
    expect(await client.readUntil(/whole/)).toMatch(/^Connection: close\r$/im);
    await client.closed;
  }
  await closing;
});

test("connections that the system has accepted and the gateway has not taken yet are answered", async () => {
  const { gateway, asked, finishOne } = await scene({ idleGraceMs: NEVER_MS, drainTimeoutMs: NEVER_MS });
  const clients = Array.from({ length: 40 }, () => connect(gateway.port, "127.0.0.1"));
  const answers = clients.map(async (client) => {
    client.write(request);
    let text = "";
    for await (const chunk of client) text += chunk;
    return text.slice(0, 15);
  });
  // All of them are connected, as far as they know. Node takes one of them in a turn of its loop.
  await Promise.all(clients.map((client) => once(client, "connect")));
  const closed = gateway.close();
  await until(() => asked() === clients.length);
  for (const _client of clients) finishOne();
  expect(await Promise.all(answers)).toEqual(clients.map(() => "HTTP/1.1 200 OK"));
  await closed;
});

test("a request that was on its way on an idle connection is answered, and is the last one there", async () => {
  const given = await scene({ drainTimeoutMs: NEVER_MS, idleGraceMs: NEVER_MS });
  const client = await idle(given);
  const closing = given.gateway.close();
  client.write(request);
  await until(() => given.asked() === 2);
  given.finishOne();
  expect(await client.readUntil(/whole/)).toMatch(/^Connection: close\r$/im);
  await closing;
});

test("a request whose header has come in half finishes", async () => {
  const given = await scene({ drainTimeoutMs: NEVER_MS, idleGraceMs: 1 });
  const [client, other] = [await converse(given.gateway.port), await idle(given)];
  client.write("GET / HTTP/1.1\r\nHo");
  // The gateway has read the half by the time it answers on another connection.
  other.write(request);
  await until(() => given.asked() === 2);
  given.finishOne();
  await other.readUntil(/whole/);
  const closing = given.gateway.close();
  await other.closed;
  client.write("st: a\r\n\r\n");
  await until(() => given.asked() === 3);
  given.finishOne();
  await client.readUntil(/whole/);
  await closing;
});

test("an idle connection is closed after its grace, long before the window is over", async () => {
  const given = await scene({ drainTimeoutMs: NEVER_MS, idleGraceMs: 10 });
  const client = await idle(given);
  await given.gateway.close();
  await client.closed;
});

const HEADER = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n";
const proxied = { port: 0, proxyProtocol: { trustedPeers: ["127.0.0.1"] } };
const certificate = makeCertificate();
const folder = mkdtempSync(join(tmpdir(), "wherefrom-drain-"));
const tls = { certFile: join(folder, "crt"), keyFile: join(folder, "key") };
writeFileSync(tls.certFile, certificate.cert);
writeFileSync(tls.keyFile, certificate.key);
afterAll(() => rmSync(folder, { recursive: true }));

const unused = [
  { what: "of plain HTTP", listener: { port: 0 }, enter: converse },
  {
    what: "behind a PROXY protocol header",
    listener: proxied,
    enter: async (port: number) => {
      const client = await converse(port);
      client.write(HEADER);
      return client;
    },
  },
  { what: "over TLS", listener: { port: 0, tls }, enter: shake },
];

test.each(unused)("a connection $what on which nothing was asked is closed after its grace too", async ({ listener, enter }) => {
  const limits = { drainTimeoutMs: NEVER_MS, headersTimeoutMs: NEVER_MS, requestTimeoutMs: NEVER_MS, idleGraceMs: 10 };
  const gateway = own(await openTestGateway(snapshotOf([]), { limits, listeners: [listener] }));
  const client = await enter(gateway.port);
  await gateway.close();
  await client.closed;
});

/** A connection over TLS whose handshake is done. */
async function shake(port: number): Promise<{ readonly closed: Promise<unknown> }> {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "secureConnect");
  return { closed };
}

test("half a header that came in one piece with a PROXY protocol header finishes", async () => {
  const target = own(await openTarget((_request, response) => void response.end("whole")));
  const limits = { drainTimeoutMs: NEVER_MS, idleGraceMs: 1 };
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits, listeners: [proxied] }));
  const [client, other] = [await converse(gateway.port), await converse(gateway.port)];
  client.write(`${HEADER}GET / HTTP/1.1\r\nHo`);
  // The gateway has read the half by the time it answers on another connection.
  other.write(`${HEADER}${request}`);
  await other.readUntil(/whole/);
  const closing = gateway.close();
  await other.closed;
  client.write("st: a\r\n\r\n");
  await client.readUntil(/whole/);
  await closing;
});

test("what does not finish within the window is cut, and its number told", async () => {
  const notices: Notice[] = [];
  const given = await scene({ drainTimeoutMs: 50 }, (notice) => void notices.push(notice));
  const client = await inFlight(given);
  await given.gateway.close();
  await client.closed;
  expect(notices.at(-1)).toMatchObject({
    level: "warning",
    code: "DRAIN_CUT",
    message: expect.stringMatching(/drainTimeoutMs \(50 ms\).*: 1 and 0$/),
  });
});

test("the time that closing may take counts all that it waits for: the delay, the window, the access log", async () => {
  const { gateway } = await scene({ preStopDelayMs: 0, drainTimeoutMs: 20_000, accessLogTimeoutMs: 30_000 });
  expect(gateway.closesWithinMs).toBeGreaterThan(50_000);
});

test("before the window it goes on as before, and says that it is not ready", async () => {
  await withTimeEnough(300, async (preStopDelayMs) => {
    const given = await scene({ preStopDelayMs, drainTimeoutMs: NEVER_MS, idleGraceMs: 1 });
    const closing = given.gateway.close();
    expect(await given.gateway.readiness()).toMatchObject({ reasons: ["draining"] });
    const client = await inFlight(given);
    given.finishOne();
    expect(await client.readUntil(/whole/)).not.toMatch(/^Connection: close\r$/im);
    await closing;
    await client.closed;
  });
});

test("closing twice is closing once", async () => {
  const { gateway } = await scene();
  expect(gateway.close()).toBe(gateway.close());
  await gateway.close();
});

/** A gateway before a WebSocket server that says something as soon as the gateway has ended its side. */
async function webSocketScene(limits: Partial<GatewayLimits>, atEnd: (socket: Socket) => void): Promise<TestGateway> {
  const server = new WebSocketServer({ noServer: true });
  const target = own(
    await openTarget(undefined, (incoming, socket, head) => {
      server.handleUpgrade(incoming, socket, head, (connection) => connection.on("error", () => undefined));
      socket.removeAllListeners("end");
      socket.once("end", () => atEnd(socket));
    }),
  );
  return own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits }));
}

async function openWebSocket({ port }: TestGateway): Promise<{ said: () => string; ended: Promise<number> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  let said = "";
  socket.on("message", (data) => {
    said += String(data);
  });
  const ended = once(socket, "close").then(([code]) => code as number);
  await once(socket, "open");
  return { said: () => said, ended };
}

/** One text frame of a server (RFC 6455 §5.2). */
const frame = (text: string): Buffer => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

test("WebSockets are ended at the target first, and what it says to that still reaches the client", async () => {
  const gateway = await webSocketScene({ drainTimeoutMs: NEVER_MS, idleGraceMs: 1 }, (socket) => socket.end(frame("farewell")));
  const sockets = [await openWebSocket(gateway), await openWebSocket(gateway), await openWebSocket(gateway)];
  await gateway.close();
  for (const { said, ended } of sockets) expect([await ended, said()]).toEqual([1006, "farewell"]);
});

test("a WebSocket whose target does not close is cut when the window is over", async () => {
  const gateway = await webSocketScene({ drainTimeoutMs: 50, idleGraceMs: 1 }, () => undefined);
  const { ended } = await openWebSocket(gateway);
  await gateway.close();
  expect(await ended).toBe(1006);
});
