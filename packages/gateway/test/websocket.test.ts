import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { ask, converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function own<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
const handshake = [
  "GET /chat HTTP/1.1",
  "Host: a",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${KEY}`,
];

/** A WebSocket service that first tells the header it got and then echoes; over HTTP it tells the same. */
async function openEcho(): Promise<Target> {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    socket.on("error", () => undefined);
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.send(JSON.stringify(request.rawHeaders));
  });
  return own(
    await openTarget(
      (request, response) => response.end(JSON.stringify(request.rawHeaders)),
      (request, socket, head) => sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request)),
    ),
  );
}

type Client = { readonly socket: WebSocket; next(): Promise<string> };

async function connectTo(gateway: TestGateway, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/chat`, { headers });
  const messages: string[] = [];
  socket.on("message", (data: Buffer) => messages.push(data.toString()));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    async next() {
      await until(() => messages.length > 0);
      return messages.shift() as string;
    },
  };
}

const sent = [
  { policy: {}, sends: "203.0.113.7, 10.0.0.1" },
  { policy: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } }, sends: "6.6.6.6, 203.0.113.7" },
  {
    policy: { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1"] } },
    sends: "6.6.6.6, 203.0.113.7",
  },
  { policy: { peerAddressAlgorithm: {} }, sends: "6.6.6.6" },
];

test.each(sent)("a WebSocket resolves as HTTP does: $policy with $sends", async ({ policy, sends }) => {
  const target = await openEcho();
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin, sendExplanation: true }], { policy })));
  const overHttp = JSON.parse(
    (await ask(gateway.port, "GET /chat HTTP/1.1", "Host: a", `X-Forwarded-For: ${sends}`)).body.replace(/^[^[]*|[^\]]*$/g, ""),
  );
  const client = await connectTo(gateway, { "X-Forwarded-For": sends, Host: "a" });
  const overWebSocket = JSON.parse(await client.next());
  for (const name of ["x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-wherefrom-explanation"]) {
    expect(linesOf({ fields: overWebSocket }, name)).toEqual(linesOf({ fields: overHttp }, name));
    expect(linesOf({ fields: overWebSocket }, name)).toHaveLength(1);
  }
  client.socket.terminate();
});

test("messages pass both ways, small and large, and the close code too", async () => {
  const target = await openEcho();
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const client = await connectTo(gateway);
  await client.next();
  for (const message of ["x", "y".repeat(1_000_000), ""]) {
    client.socket.send(message);
    expect(await client.next()).toBe(message);
  }
  const closed = new Promise((resolve) => client.socket.once("close", (code) => resolve(code)));
  client.socket.close(4321);
  expect(await closed).toBe(4321);
  await until(() => target.connections() === 0);
});

test("an opened WebSocket is recorded once, with 101", async () => {
  const records: ExchangeRecord[] = [];
  const target = await openEcho();
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { onExchange: (record) => records.push(record) }));
  const client = await connectTo(gateway);
  expect(records).toMatchObject([{ status: 101, isComplete: true, route: "route-0", resolution: { ip: "127.0.0.1" } }]);
  client.socket.terminate();
  await until(() => target.connections() === 0);
  expect(records).toHaveLength(1);
});

/** Hears the other side out and ends with it. */
function endTogether(socket: Socket): void {
  socket.resume();
  socket.once("end", () => socket.end());
}

/** A target that answers an upgrade with these bytes. */
async function openFake(bytes: string, then: (socket: Socket) => void = endTogether): Promise<Target> {
  return own(
    await openTarget(undefined, (_request, socket) => {
      socket.on("error", () => undefined);
      socket.write(bytes);
      then(socket);
    }),
  );
}

const switching = "HTTP/1.1 101 Switching Protocols";
const agreed = ["Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Accept: ${ACCEPT}`];

const doubtful = [
  { what: "half a status line and no more", answer: "HTTP/1.1 2", status: 504, code: "UPSTREAM_TIMEOUT" },
  { what: "half a header and no more", answer: "HTTP/1.1 200 OK\r\nX-", status: 504, code: "UPSTREAM_TIMEOUT" },
  { what: "interim responses and no end", answer: wire("HTTP/1.1 102 Processing").repeat(17), status: 502, code: "UPSTREAM_BROKEN" },
];

test.each(doubtful)("a target that declines by $what: $status $code, and is let go", async ({ answer, status, code }) => {
  const target = await openFake(answer);
  const gateway = own(
    await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: status === 504 ? { upstreamHeadersTimeoutMs: 100 } : {} }),
  );
  const response = parseResponse(await sendRaw(gateway.port, wire(...handshake)));
  expect([response.status, JSON.parse(response.body).error.code]).toEqual([status, code]);
  await until(() => target.connections() === 0);
});

test("a target that declines and falls silent in its body is let go, and the client told that the rest is missing", async () => {
  const target = await openFake(`${wire("HTTP/1.1 403 Forbidden", "Content-Length: 5")}no`);
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { bodyTimeoutMs: 100 } }));
  expect(parseResponse(await sendRaw(gateway.port, wire(...handshake)))).toMatchObject({ status: 403, body: "no" });
  await until(() => target.connections() === 0);
});

test("a target that declines is heard, body and all", async () => {
  const body = "n".repeat(300_000);
  const target = await openFake(`${wire("HTTP/1.1 403 Forbidden", "X-Why: because", `Content-Length: ${body.length}`)}${body}`);
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const response = parseResponse(await sendRaw(gateway.port, wire(...handshake)));
  expect(response).toMatchObject({ status: 403, body });
  expect(response.head).toMatch(/^X-Why: because$/m);
});

const absences = [
  { what: "refuses the connection", status: 502, code: "UPSTREAM_REFUSED", open: async () => ({ origin: await freeOrigin() }) },
  { what: "says nothing", status: 504, code: "UPSTREAM_TIMEOUT", open: () => openFake("") },
  { what: "closes", status: 502, code: "UPSTREAM_BROKEN", open: () => openFake("", (socket) => socket.end()) },
];

async function freeOrigin(): Promise<string> {
  const target = await openTarget();
  await target.close();
  return target.origin;
}

test.each(absences)("a target that $what: $status $code", async ({ status, code, open: openAbsent }) => {
  const { origin } = await openAbsent();
  const gateway = own(
    await openTestGateway(snapshotOf([{ target: origin }]), { limits: status === 504 ? { upstreamHeadersTimeoutMs: 100 } : {} }),
  );
  const response = parseResponse(await sendRaw(gateway.port, wire(...handshake)));
  expect(response.status).toBe(status);
  expect(JSON.parse(response.body).error.code).toBe(code);
});

test("bytes behind the handshake and behind its answer are delivered, in order and only after the 101", async () => {
  const heard: Buffer[] = [];
  const target = own(
    await openTarget(undefined, (_request, socket, head) => {
      heard.push(head);
      socket.on("data", (chunk) => heard.push(chunk));
      endTogether(socket);
      expect(head).toHaveLength(0);
      socket.write(`${wire(switching, ...agreed)}early`);
    }),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port);
  conversation.write(`${wire(...handshake)}sent too soon`);
  expect(await conversation.readUntil(/early$/)).toMatch(/^HTTP\/1\.1 101 /);
  conversation.write(", and later");
  await until(() => Buffer.concat(heard).toString() === "sent too soon, and later");
  conversation.socket.destroy();
});

test("too much behind the handshake is refused", async () => {
  const gateway = own(await openTestGateway(snapshotOf([{ target: "http://127.0.0.1:1" }]), { limits: { maxUpgradeHeadBytes: 8 } }));
  const response = parseResponse(await sendRaw(gateway.port, `${wire(...handshake)}123456789`));
  expect(JSON.parse(response.body).error.code).toBe("UPGRADE_HEAD_TOO_LARGE");
});

test("what is sent before the answer is kept up to the limit, and more is refused", async () => {
  const target = await openFake("");
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { maxUpgradeHeadBytes: 8 } }));
  const conversation = await converse(gateway.port);
  conversation.write(`${wire(...handshake)}1234`);
  await until(() => target.connections() === 1);
  conversation.write("56789");
  await conversation.readUntil(/UPGRADE_HEAD_TOO_LARGE/);
  await conversation.closed;
  await until(() => target.connections() === 0);
});

test("a client that ends its side before the answer takes the handshake with it", async () => {
  const target = await openFake("");
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port, { allowHalfOpen: true });
  conversation.write(wire(...handshake));
  await until(() => target.connections() === 1);
  conversation.socket.end();
  await conversation.closed;
  await until(() => target.connections() === 0);
});

test("a side that has ended still hears the other", async () => {
  let say: ((text: string) => void) | undefined;
  let isEnded = false;
  const target = await openFake(wire(switching, ...agreed), (socket) => {
    socket.resume();
    socket.once("end", () => {
      isEnded = true;
    });
    say = (text) => socket.end(text);
  });
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port, { allowHalfOpen: true });
  conversation.write(wire(...handshake));
  await conversation.readUntil(/\r\n\r\n/);
  conversation.socket.end();
  await until(() => isEnded);
  say?.("last words");
  await conversation.readUntil(/last words/);
  await conversation.closed;
  await until(() => target.connections() === 0);
});

test("a side that stays silent after the other has ended is cut", async () => {
  const target = await openFake(wire(switching, ...agreed), (socket) => void socket.resume());
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { halfCloseTimeoutMs: 50 } }));
  const conversation = await converse(gateway.port, { allowHalfOpen: true });
  conversation.write(wire(...handshake));
  await conversation.readUntil(/\r\n\r\n/);
  conversation.socket.end();
  await conversation.closed;
});

const breaks = [
  { side: "client", cut: (client: Socket, _target: Socket) => client.resetAndDestroy() },
  { side: "target", cut: (_client: Socket, target: Socket) => target.resetAndDestroy() },
];

test.each(breaks)("a $side that breaks takes the other side with it", async ({ cut }) => {
  let far: Socket | undefined;
  const target = await openFake(wire(switching, ...agreed), (socket) => {
    far = socket;
    endTogether(socket);
  });
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port);
  conversation.write(wire(...handshake));
  await conversation.readUntil(/\r\n\r\n/);
  cut(conversation.socket, far as Socket);
  await conversation.closed;
  await until(() => target.connections() === 0);
});

test("a client that leaves before the answer takes the handshake with it", async () => {
  const target = await openFake("");
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port);
  conversation.write(wire(...handshake));
  await until(() => target.connections() === 1);
  conversation.socket.resetAndDestroy();
  await until(() => target.connections() === 0);
});

test("a WebSocket on which nothing passes is cut, one on which a little passes is not", async () => {
  const target = await openEcho();
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { webSocketIdleTimeoutMs: 200 } }));
  const [silent, alive] = [await connectTo(gateway), await connectTo(gateway)];
  const closed = new Promise((resolve) => silent.socket.once("close", resolve));
  const timer = setInterval(() => alive.socket.ping(), 10);
  await closed;
  clearInterval(timer);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
  alive.socket.terminate();
});

test("a slow reader holds its own WebSocket back and gets every byte", async () => {
  const total = 20_000_000;
  let sent = 0;
  const target = await openFake(wire(switching, ...agreed), (socket) => {
    const send = (): void => {
      while (sent < total && socket.write(Buffer.alloc(100_000, sent / 100_000))) sent += 100_000;
      if (sent >= total) socket.end();
      else sent += 100_000;
    };
    socket.on("drain", send);
    send();
  });
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port);
  conversation.socket.pause();
  conversation.write(wire(...handshake));
  await until(() => conversation.socket.bytesRead > 0 && sent > 0);
  let seen = -1;
  await until(() => {
    const isSame = seen === sent;
    seen = sent;
    return isSame;
  });
  expect(sent).toBeLessThan(total);
  conversation.socket.resume();
  await conversation.closed;
  expect(conversation.socket.bytesRead).toBeGreaterThanOrEqual(total);
});

test("closing lets the target say its last words to the client, and waits for no client", async () => {
  const target = await openFake(wire(switching, ...agreed), (socket) => {
    socket.resume();
    socket.once("end", () => socket.end("goodbye"));
  });
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { drainTimeoutMs: 60_000 } });
  const conversation = await converse(gateway.port);
  conversation.write(wire(...handshake));
  await conversation.readUntil(/\r\n\r\n/);
  const farewell = conversation.readUntil(/goodbye/);
  await gateway.close();
  await farewell;
  await conversation.closed;
});

test("a target that does not end is cut when the time for closing is over", async () => {
  const target = await openFake(wire(switching, ...agreed), (socket) => void socket.resume());
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { drainTimeoutMs: 50 } });
  const conversation = await converse(gateway.port);
  conversation.write(wire(...handshake));
  await conversation.readUntil(/\r\n\r\n/);
  await gateway.close();
  await conversation.closed;
});

test("closing the gateway ends WebSockets at once", async () => {
  const target = await openEcho();
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { drainTimeoutMs: 60_000 } });
  const client = await connectTo(gateway);
  const closed = new Promise((resolve) => client.socket.once("close", resolve));
  await gateway.close();
  await closed;
});
