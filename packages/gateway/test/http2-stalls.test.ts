import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { type Field, frame, openRawHttp2, type RawHttp2, request } from "./rig/http2-frames.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { until } from "./rig/wire.ts";

/** Of SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2): the client takes no body until it says otherwise. */
const NO_WINDOW = Buffer.from([0, 4, 0, 0, 0, 0]);
const LONG_BYTES = 1_000_000;

let target: Target;
let gateway: TestGateway;
let records: ExchangeRecord[] = [];

beforeAll(async () => {
  target = await openTarget(({ url }, response) => {
    if (url === "/to/long") response.end(Buffer.alloc(LONG_BYTES));
    else if (url !== "/to/never") response.end("short");
  });
  gateway = await openPatient(100);
});

function openPatient(responseStallTimeoutMs: number): Promise<TestGateway> {
  return openTestGateway(snapshotOf([{ target: target.origin, basePath: "/to" }], { policy: { peerAddressAlgorithm: {} } }), {
    listeners: [{ port: 0, http2: true }],
    limits: { responseStallTimeoutMs, maxHeaderBytes: 2_000 },
    onExchange: (record) => void records.push(record),
  });
}

afterEach(() => {
  records = [];
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

const get = (path: string, ...more: readonly Field[]): readonly Field[] => [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", path],
  ...more,
];

/** RFC 9113 §6.9: of a stream, or of the connection (0). */
function openWindow(stream: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame("WINDOW_UPDATE", { stream, payload });
}

async function connect(): Promise<RawHttp2> {
  return openRawHttp2(gateway.port, { settings: NO_WINDOW });
}

const stalls = [
  { what: "a short answer", asks: [get("/to/short")] },
  { what: "a long answer", asks: [get("/to/long")] },
  { what: "the gateway's own answer", asks: [get("/elsewhere")] },
  { what: "any of several answers", asks: [get("/to/short"), get("/to/long"), get("/elsewhere")] },
];

test.each(stalls)("a client that never opens its window for $what is cut with its connection", async ({ asks }) => {
  const client = await connect();
  client.write(...asks.map((fields, index) => request(2 * index + 1, fields)));
  expect(await client.goaway).toBe("ENHANCE_YOUR_CALM");
  await client.closed;
  await until(() => records.length === asks.length);
  expect(records.map(({ fault, isComplete }) => ({ fault, isComplete }))).toEqual(
    asks.map(() => ({ fault: "CLIENT_STALLED", isComplete: false })),
  );
});

test("a client that opens no window for one answer keeps its connection for the others", async () => {
  const client = await connect();
  client.write(request(1, get("/to/short")), request(3, get("/to/never")));
  expect(await client.ended(1)).toEqual({ status: 200, reset: "INTERNAL_ERROR" });
  client.write(request(5, get("/to/short")), openWindow(5, 100));
  expect(await client.ended(5)).toEqual({ status: 200, body: "short" });
  client.socket.destroy();
});

test("a client that takes a little of an answer now and then is not cut, and gets all of it", async () => {
  // Longer than a busy machine lets the client wait between two steps, and shorter than all of them.
  const patient = await openPatient(1_500);
  onTestFinished(() => patient.close());
  const client = await openRawHttp2(patient.port, { settings: NO_WINDOW });
  client.write(request(1, get("/to/long")), openWindow(0, LONG_BYTES));
  const timer = setInterval(() => client.write(openWindow(1, LONG_BYTES / 20)), 100);
  const { body } = await client.ended(1);
  clearInterval(timer);
  expect(body).toHaveLength(LONG_BYTES);
  client.socket.destroy();
});

test("a client whose window for the whole connection is used up, with several answers under way, is cut with it", async () => {
  const client = await openRawHttp2(gateway.port);
  client.write(request(1, get("/to/long")), request(3, get("/to/long")));
  expect(await client.goaway).toBe("ENHANCE_YOUR_CALM");
  await client.closed;
});

test("a refusal that nobody takes is let go, though no exchange was made for it", async () => {
  const client = await connect();
  client.write(request(1, get("/", ["x", "a".repeat(3_000)])));
  expect(await client.ended(1)).toEqual({ status: 431, reset: "CANCEL" });
  client.socket.destroy();
});

test("a client that does not read at all is reset, with all that its system has not taken", async () => {
  const client = await openRawHttp2(gateway.port, { settings: Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]) });
  client.socket.pause();
  client.write(openWindow(0, 0x7fff_0000 - 65_535), ...Array.from({ length: 60 }, (_, index) => request(2 * index + 1, get("/to/long"))));
  await until(() => records.length === 60);
  expect(new Set(records.map(({ fault }) => fault))).toEqual(new Set(["CLIENT_STALLED"]));
  client.socket.resume();
  await client.closed;
  expect(client.socket.bytesRead).toBeLessThan(30 * LONG_BYTES);
});
