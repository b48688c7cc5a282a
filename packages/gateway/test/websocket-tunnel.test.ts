import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { END_HEADERS, type Field, frame, openRawHttp2, request } from "./rig/http2-frames.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget, type RawTarget } from "./rig/raw-target.ts";
import { openTarget } from "./rig/target.ts";
import { converse, parseResponse, until, wire } from "./rig/wire.ts";

async function gatewayTo(origin: string, options: Parameters<typeof openTestGateway>[1] = {}): Promise<TestGateway> {
  return own(await openTestGateway(snapshotOf([{ target: origin }]), options));
}

/** A target that agrees when it is told to. */
async function openWaiting(): Promise<RawTarget & { agree(): void }> {
  let asked: Socket | undefined;
  let key = "";
  const target = await openRawTarget((socket, heard) => {
    asked = socket;
    key = /\r\nsec-websocket-key: (\S+)/i.exec(heard)?.[1] ?? "";
  });
  return {
    ...target,
    agree() {
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      asked?.write(SWITCHING.replace(/(?<=Accept: ).*(?=\r)/, accept));
    },
  };
}

/** What a target has heard behind the header of the handshake. */
const behind = (target: RawTarget): string => target.heard[0]?.split("\r\n\r\n").slice(1).join("\r\n\r\n") ?? "";

/** RFC 8441 §5.1. */
const CONNECT: readonly Field[] = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "a"],
  ["sec-websocket-version", "13"],
];

const MAX_EARLY_BYTES = 16_384;

test.each([
  { how: "with the handshake", pieces: [MAX_EARLY_BYTES] },
  { how: "behind it, and in pieces", pieces: [1, 8_000, MAX_EARLY_BYTES - 8_001] },
])("16,384 bytes before the 101, sent $how, are delivered behind it", async ({ pieces: [first = 0, ...rest] }) => {
  const target = await openWaiting();
  const gateway = await gatewayTo(target.origin);
  const client = await converse(gateway.port);
  client.write(HANDSHAKE + "x".repeat(first));
  await until(() => target.heard.length === 1);
  for (const count of rest) client.write("x".repeat(count));
  await until(() => client.socket.writableLength === 0);
  expect(behind(target)).toBe("");
  target.agree();
  await client.readUntil(/^HTTP\/1\.1 101 /);
  await until(() => behind(target).length === MAX_EARLY_BYTES);
  client.socket.destroy();
});

test.each([
  { how: "with the handshake", isLater: false },
  { how: "behind it", isLater: true },
])("one byte more, sent $how, is refused and closed, and the target gets none of it", async ({ isLater }) => {
  const target = await openWaiting();
  const gateway = await gatewayTo(target.origin);
  const client = await converse(gateway.port);
  const early = "x".repeat(MAX_EARLY_BYTES + 1);
  client.write(isLater ? HANDSHAKE : HANDSHAKE + early);
  if (isLater) {
    await until(() => behind(target) === "" && target.heard.length === 1);
    client.write(early);
  }
  const { status, body } = parseResponse(await client.readUntil(/\}\s*$/));
  expect([status, JSON.parse(body).error.code]).toEqual([400, "UPGRADE_HEAD_TOO_LARGE"]);
  await client.closed;
  await until(() => target.sockets.size === 0);
  expect(target.heard.join("")).not.toContain("xx");
});

test("over HTTP/2 what is sent before the answer waits within the stream's window, and is delivered behind it", async () => {
  const target = await openWaiting();
  const gateway = await gatewayTo(target.origin, { listeners: [{ port: 0, http2: true }], limits: { http2StreamWindowBytes: 65_535 } });
  const client = await openRawHttp2(gateway.port);
  await client.ping();
  const early = Array.from({ length: 4 }, () => frame("DATA", { stream: 1, payload: Buffer.alloc(16_000, "x") }));
  client.write(request(1, CONNECT, END_HEADERS), ...early);
  await until(() => target.heard.length === 1);
  await client.ping();
  expect(behind(target)).toBe("");
  target.agree();
  await until(() => behind(target).length === 64_000);
  client.socket.destroy();
  await until(() => target.sockets.size === 0);
});

test("a handshake that comes byte by byte opens the same WebSocket", async () => {
  const target = await openRawTarget((socket, heard) => {
    if (heard.endsWith("\r\n\r\n")) socket.write(SWITCHING);
  });
  const gateway = await gatewayTo(target.origin);
  const client = await converse(gateway.port);
  client.socket.setNoDelay(true);
  for (const byte of HANDSHAKE) {
    client.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await client.readUntil(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 101 /);
  client.write(Buffer.from([0x81, 0]));
  await until(() => behind(target) === "\x81\x00");
  client.socket.destroy();
});

/** RFC 6455 §5 and §7: what an end of a WebSocket has to close for. A tunnel ends at neither. */
const frames = [
  { what: "a frame of a client without a mask", hex: "810568656c6c6f" },
  { what: "each of the reserved bits", hex: "c18000000000 a18000000000 918000000000" },
  { what: "opcodes that there are not", hex: "838000000000 878000000000 8b8000000000 8f8000000000" },
  { what: "a control frame in fragments", hex: "098000000000 808000000000" },
  { what: "a ping of 126 bytes", hex: `89fe007e00000000${"61".repeat(126)}` },
  { what: "a text that is no UTF-8", hex: "818200000000 c328" },
  { what: "close codes that nobody may send", hex: "888200000000 03ed 888200000000 0000 888100000000 03" },
  { what: "a continuation of nothing", hex: "808000000000" },
  { what: "a length in more bytes than it needs", hex: "81fe000000000000 81ff000000000000000000000000" },
  { what: "a request of HTTP", hex: Buffer.from(wire("GET /smuggled HTTP/1.1", "Host: a")).toString("hex") },
  { what: "the preface of HTTP/2", hex: Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").toString("hex") },
];

test("what no WebSocket may say passes byte for byte both ways, and is never read as HTTP", async () => {
  const records: ExchangeRecord[] = [];
  const all = Buffer.from(frames.map(({ hex }) => hex.replaceAll(" ", "")).join(""), "hex").toString("latin1");
  const target = await openRawTarget((socket, heard) => {
    if (heard.endsWith("\r\n\r\n") && heard.length < 2_000 && !heard.includes("PRI")) socket.write(SWITCHING);
  });
  const gateway = await gatewayTo(target.origin, { onExchange: (record) => void records.push(record) });
  const client = await converse(gateway.port);
  client.write(HANDSHAKE);
  await client.readUntil(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  for (const { hex } of frames) client.write(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  await until(() => behind(target).length === all.length);
  expect(behind(target)).toBe(all);
  const [far] = target.sockets;
  let said = "";
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
  });
  far?.write(Buffer.from(all, "latin1"));
  await until(() => said.length === all.length);
  expect(said).toBe(all);
  expect([records.length, target.heard.length, client.socket.destroyed]).toEqual([1, 1, false]);
  client.socket.destroy();
});

const endless = [
  { what: "a frame of 2^63 bytes", first: Buffer.from("82ffffffffffffffffff00000000", "hex"), chunk: Buffer.alloc(65_536) },
  { what: "fragments of one byte without end", first: Buffer.alloc(0), chunk: Buffer.alloc(65_536, Buffer.from("00810000000061", "hex")) },
];
const FAR_TOO_MUCH_BYTES = 64 * 1024 * 1024;

test.each(endless)("$what: a target that does not take it holds the client back, and the gateway next to nothing", async (row) => {
  const target = await openRawTarget((socket, heard) => {
    if (!heard.endsWith("\r\n\r\n")) return;
    socket.write(SWITCHING);
    socket.pause();
  });
  const gateway = await gatewayTo(target.origin);
  const client = await converse(gateway.port);
  client.write(HANDSHAKE);
  await client.readUntil(/^HTTP\/1\.1 101 /);
  client.write(row.first);
  let sent = 0;
  const more = (): void => {
    while (sent < FAR_TOO_MUCH_BYTES) {
      sent += row.chunk.length;
      if (!client.socket.write(row.chunk)) return void client.socket.once("drain", more);
    }
  };
  more();
  let seen = -1;
  for (let still = 0; still < 5; still = sent === seen ? still + 1 : 0) {
    seen = sent;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(sent).toBeLessThan(FAR_TOO_MUCH_BYTES / 2);
  client.socket.destroy();
  for (const far of target.sockets) far.resume();
  await until(() => target.sockets.size === 0);
});

/** More than the service takes: as it is, in one byte a fragment, and a thousand times smaller on the wire. */
const tooLarge: { what: string; say: (socket: WebSocket) => void }[] = [
  { what: "a message that is too large", say: (socket) => socket.send(Buffer.alloc(2_000)) },
  {
    what: "one in fragments of one byte",
    say: (socket) => {
      for (let count = 0; count < 2_000; count += 1) socket.send("x", { fin: false });
    },
  },
  { what: "one that is small until it is unpacked", say: (socket) => socket.send(Buffer.alloc(5_000_000), { compress: true }) },
];

test.each(tooLarge)("$what is the service's to refuse: its 1009 reaches the client", async ({ say }) => {
  const service = new WebSocketServer({ noServer: true, maxPayload: 1_000, perMessageDeflate: { threshold: 0 } });
  service.on("connection", (socket) => socket.on("error", () => undefined));
  const target = own(
    await openTarget(undefined, (request, socket, head) =>
      service.handleUpgrade(request, socket, head, (far) => service.emit("connection", far)),
    ),
  );
  const gateway = await gatewayTo(target.origin);
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, { perMessageDeflate: { threshold: 0 } });
  socket.on("error", () => undefined);
  socket.once("open", () => say(socket));
  expect(await new Promise((resolve) => socket.once("close", resolve))).toBe(1009);
  await until(() => target.connections() === 0);
});
