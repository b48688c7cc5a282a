import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import { createServer, type Socket } from "node:net";
import type { ExchangeRecord, GatewayOptions } from "@wherefrom/gateway";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { answerOn, connectHttp2 } from "./rig/http2-client.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function own<T extends { close(): Promise<void> | void }>(thing: T): T {
  open.push(thing);
  return thing;
}

/** A WebSocket service that first tells the header it got and then echoes. It speaks `chat` where it is asked to. */
async function openEcho(): Promise<Target> {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (names) => (names.has("chat") ? "chat" : false) });
  sockets.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    socket.on("error", () => undefined);
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.send(JSON.stringify(request.rawHeaders));
  });
  return own(
    await openTarget(
      (_request, response) => void response.writeHead(403, { "x-why": "no" }).end("declined"),
      (request, socket, head) => {
        if (request.url === "/declined")
          return void socket.end(`${wire("HTTP/1.1 403 Forbidden", "Content-Length: 8", "X-Why: no")}declined`);
        sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request));
      },
    ),
  );
}

async function gatewayTo(origin: string, options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } };
  return own(await openTestGateway(snapshotOf([{ target: origin }], { policy }), { listeners: [{ port: 0, http2: true }], ...options }));
}

/** An extended CONNECT; the stream stays open. */
async function shake(gateway: TestGateway, headers: OutgoingHttpHeaders = {}): Promise<ClientHttp2Stream> {
  const session = own(await connectHttp2(gateway.url));
  expect(session.remoteSettings.enableConnectProtocol).toBe(true);
  const asked = {
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":path": "/chat",
    ":authority": "a",
    "sec-websocket-version": "13",
  };
  const stream = session.request({ ...asked, ...headers }, { endStream: false });
  stream.on("error", () => undefined);
  return stream;
}

const responseOn = (stream: ClientHttp2Stream): Promise<Record<string, unknown>> =>
  new Promise((resolve) => stream.once("response", resolve));

/** RFC 6455 §5.2: a text as one frame of a client's, masked with zeros. Long ones have eight bytes of length. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, 6);
  return Buffer.concat([head, payload]);
}

/** The payloads of a server's frames, as they come. */
function readTexts(stream: ClientHttp2Stream): { next(): Promise<string> } {
  let bytes = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  const whole = (): { from: number; to: number } | undefined => {
    const short = (bytes[1] ?? 0) & 0x7f;
    const from = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < from) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6);
    return bytes.length < from + length ? undefined : { from, to: from + length };
  };
  return {
    async next() {
      await until(() => whole() !== undefined);
      const { from, to } = whole() ?? { from: 0, to: 0 };
      const text = bytes.toString("utf8", from, to);
      bytes = bytes.subarray(to);
      return text;
    },
  };
}

test("a WebSocket over HTTP/2 is one over HTTP/1.1 to the target, resolved at its handshake", async () => {
  const records: ExchangeRecord[] = [];
  const target = await openEcho();
  const gateway = await gatewayTo(target.origin, { onExchange: (record) => void records.push(record) });
  const stream = await shake(gateway, {
    "x-forwarded-for": "6.6.6.6, 203.0.113.7",
    "x-real-ip": "6.6.6.6",
    "sec-websocket-protocol": "other, chat",
    "sec-websocket-key": "bm90IHRoZSBvbmUgdGhhdCBjb3VudHM=", // not sent over HTTP/2, and not heeded
  });
  const texts = readTexts(stream);
  const response = await responseOn(stream);
  expect(response).toMatchObject({ ":status": 200, "sec-websocket-protocol": "chat" });
  for (const name of ["sec-websocket-accept", "upgrade", "connection"]) expect(response).not.toHaveProperty(name);

  const fields: string[] = JSON.parse(await texts.next());
  expect(linesOf({ fields }, "x-real-ip")).toEqual(["203.0.113.7"]);
  expect(linesOf({ fields }, "upgrade")).toEqual(["websocket"]);
  expect(linesOf({ fields }, "sec-websocket-version")).toEqual(["13"]);
  expect(linesOf({ fields }, "sec-websocket-key")).toEqual([expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/)]);
  expect(fields.filter((name, index) => index % 2 === 0 && name.startsWith(":"))).toEqual([]);
  expect(records).toMatchObject([{ method: "GET", httpVersion: "2.0", status: 101, pathAndQuery: "/chat", isComplete: true }]);

  for (const message of ["hello", "y".repeat(1_000_000), ""]) {
    stream.write(textFrame(message));
    expect(await texts.next()).toBe(message);
  }
  stream.close();
  await until(() => target.connections() === 0);
});

test("several WebSockets share a connection with requests", async () => {
  const target = await openEcho();
  const gateway = await gatewayTo(target.origin);
  const first = await shake(gateway);
  const [session] = open.slice(-1) as unknown as [{ request: (headers: OutgoingHttpHeaders) => ClientHttp2Stream }];
  const texts = readTexts(first);
  await texts.next();
  expect(await answerOn(session.request({ ":path": "/", ":authority": "a" }))).toMatchObject({ status: 403, body: "declined" });
  first.write(textFrame("still there"));
  expect(await texts.next()).toBe("still there");
});

test("a target that declines is passed on as it answered", async () => {
  const target = await openEcho();
  const stream = await shake(await gatewayTo(target.origin), { ":path": "/declined" });
  expect(await answerOn(stream)).toMatchObject({ status: 403, body: "declined", headers: { "x-why": "no" } });
});

/** A target that says raw bytes to whatever it is asked. */
async function rawTarget(says: (request: string) => string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (chunk) => socket.write(says(chunk.toString("latin1")), "latin1"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  own({
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const acceptOf = (request: string): string => {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1] ?? "";
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
};

test.each([
  { what: "no Accept", lines: () => [] },
  { what: "the Accept of another key", lines: () => ["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="] },
  {
    what: "two Accepts",
    lines: (request: string) => [`Sec-WebSocket-Accept: ${acceptOf(request)}`, `Sec-WebSocket-Accept: ${acceptOf(request)}`],
  },
])("a 101 with $what is none: 502", async ({ lines }) => {
  const origin = await rawTarget((request) =>
    wire("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", ...lines(request)),
  );
  const answer = await answerOn(await shake(await gatewayTo(origin)));
  expect(answer).toMatchObject({ status: 502, body: expect.stringContaining("UPSTREAM_UPGRADE_INVALID") });
});

test("what the target says right behind its 101 is not lost", async () => {
  const origin = await rawTarget(
    (request) =>
      `${wire("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Accept: ${acceptOf(request)}`)}\x81\x02hi`,
  );
  const stream = await shake(await gatewayTo(origin));
  expect(await readTexts(stream).next()).toBe("hi");
});

test.each([
  { how: "resets its stream", leave: (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL) },
  { how: "cuts its connection", leave: (stream: ClientHttp2Stream) => stream.session?.destroy() },
])("a client that $how lets the target go", async ({ leave }) => {
  const target = await openEcho();
  const stream = await shake(await gatewayTo(target.origin));
  await readTexts(stream).next();
  leave(stream);
  await until(() => target.connections() === 0);
});

test("a target that goes takes the stream with it, and nothing else of the connection", async () => {
  const target = await openEcho();
  const gateway = await gatewayTo(target.origin, { limits: { halfCloseTimeoutMs: 100 } });
  const stream = await shake(gateway);
  await readTexts(stream).next();
  const closed = new Promise((resolve) => stream.once("close", resolve));
  const { session } = stream;
  await target.close();
  open.splice(open.indexOf(target), 1);
  await closed;
  expect(session?.destroyed).toBe(false);
});

test("closing the gateway cuts what is open", async () => {
  const target = await openEcho();
  const gateway = await gatewayTo(target.origin, { limits: { drainTimeoutMs: 100 } });
  const stream = await shake(gateway);
  await readTexts(stream).next();
  const closed = new Promise((resolve) => stream.once("close", resolve));
  await gateway.close();
  await closed;
  await until(() => target.connections() === 0);
});
