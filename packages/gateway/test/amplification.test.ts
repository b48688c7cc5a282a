import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { END_HEADERS, frame, literals, openRawHttp2, request } from "./rig/http2-frames.ts";
import { converse, until, wire } from "./rig/wire.ts";

const PROGRAM = fileURLToPath(new URL("gateway-process.mjs", import.meta.url));

/** How many requests or connections of a kind are held at the same time, at least. */
const HELD = 6;
/** What one of them may take, whatever was sent: a connection to a target that does not answer is among it. And how often what was sent may be held. */
const MAX_EACH_BYTES = 48 * 1_024;
const MAX_TIMES = 20;

const trustedPeers = ["127.0.0.0/8"];
const places = [{ port: 0 }, { port: 0, http2: true }, { port: 0, proxyProtocol: { trustedPeers } }, { port: 0, decide: { trustedPeers } }];
const [CLIENTS, HTTP2, PROXY, ENGINES] = [0, 1, 2, 3];

const GET = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
] as const;
const times = (count: number, bytes: Buffer | string): Buffer => Buffer.concat(Array.from({ length: count }, () => Buffer.from(bytes)));
const numbered = (count: number, make: (stream: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(2 * index + 1)));
const get = (...lines: string[]): string => wire("GET / HTTP/1.1", "Host: a", ...lines);
const tiny = Array.from({ length: 98 }, (_, index) => `a${index}:`);
/** A field that is put into the table once, and then stands for 4,000 bytes with one (RFC 7541 §6.1, §6.2.1). */
const remembered = Buffer.concat([Buffer.from([0x40, 1, 0x61, 127, 0xa1, 0x1e]), Buffer.alloc(4_000, "x")]);

/** What stays open on each connection until it is closed: nothing of it is answered. `holds` so many requests. */
const held: { what: string; at: number; holds: number; bytes: Buffer }[] = [
  { what: "half a header of 15 KB", at: CLIENTS, holds: 1, bytes: Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nx: ${"x".repeat(15_000)}`) },
  {
    what: "half a header of as many fields as there may be",
    at: CLIENTS,
    holds: 1,
    bytes: Buffer.from(`GET / HTTP/1.1\r\n${tiny.join("\r\n")}`),
  },
  { what: "requests of as many fields, sent ahead", at: CLIENTS, holds: 60, bytes: times(60, get(...tiny)) },
  { what: "a chain of 16 KB", at: CLIENTS, holds: 1, bytes: Buffer.from(get(`X-Forwarded-For: ${"1,".repeat(8_000)}`)) },
  {
    what: "a body in chunks of a byte",
    at: CLIENTS,
    holds: 1,
    bytes: Buffer.concat([Buffer.from(wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")), times(10_000, "1\r\nx\r\n")]),
  },
  { what: "as many streams as there may be", at: HTTP2, holds: 100, bytes: numbered(100, (stream) => request(stream, GET)) },
  {
    what: "headers of 12 KB each, of which three bytes were sent",
    at: HTTP2,
    holds: 100,
    bytes: numbered(100, (stream) => {
      const rest = stream === 1 ? remembered : Buffer.from([0xbe, 0xbe, 0xbe]);
      return frame("HEADERS", { flags: END_HEADERS | 1, stream, payload: Buffer.concat([literals(GET), rest]) });
    }),
  },
  {
    what: "data byte by byte",
    at: HTTP2,
    holds: 1,
    bytes: Buffer.concat([request(1, GET, END_HEADERS), times(5_000, frame("DATA", { stream: 1, payload: Buffer.from("x") }))]),
  },
  {
    what: "half a PROXY protocol header of 4 KB",
    at: PROXY,
    holds: 1,
    bytes: Buffer.concat([Buffer.from("\r\n\r\n\0\r\nQUIT\n\x21\x11\x0f\xf0", "latin1"), Buffer.alloc(4_000)]),
  },
  {
    what: "half a question of an engine",
    at: ENGINES,
    holds: 1,
    bytes: Buffer.from(`GET /auth-request HTTP/1.1\r\nX-Original-Uri: /${"%2e".repeat(2_600)}`),
  },
];

let program: ChildProcess;
/** What the gateway held when it was last measured: what is held stays so. */
let before: number;
let ports: readonly number[];

/** Of the gateway, without what can go, when it has come to rest: what was sent to it is read then. */
async function heapBytes(): Promise<number> {
  for (let last = Number.NaN; ; ) {
    program.send({ ask: "heap" });
    const [{ bytes }] = await once(program, "message");
    if (Math.abs(bytes - last) < MAX_EACH_BYTES) return bytes;
    last = bytes;
  }
}

async function hold({ at, bytes }: (typeof held)[number]): Promise<void> {
  const port = ports[at] ?? 0;
  const { socket } = at === HTTP2 ? await openRawHttp2(port) : await converse(port);
  socket.write(bytes);
  // what the gateway does not read for now is the system's
  await until(() => socket.writableLength === 0 || socket.writableNeedDrain);
}

beforeAll(async () => {
  // takes connections, and nothing that is said on them
  const target = createServer((socket) => void socket.on("error", () => undefined).pause()).listen(0, "127.0.0.1");
  await once(target, "listening");
  const origin = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const limits = { headersTimeoutMs: 600_000, requestTimeoutMs: 600_000, proxyHeaderTimeoutMs: 600_000, maxLoopDelayMs: 600_000 };
  program = fork(PROGRAM, [origin, JSON.stringify(limits), "[]", JSON.stringify(places)], { execArgv: ["--expose-gc"] });
  [{ ports }] = (await once(program, "message")) as [{ readonly ports: readonly number[] }];
  // what the code itself takes, once
  for (const one of held) await hold(one);
  before = await heapBytes();
  return () => {
    program.kill("SIGKILL");
    target.close();
  };
});

test.each(held)("$what: memory stays within a few times what was sent", async (one) => {
  const connections = Math.max(1, HELD / one.holds);
  await Promise.all(Array.from({ length: connections }, () => hold(one)));
  const after = await heapBytes();
  const each = (after - before) / connections / one.holds;
  before = after;
  expect(each).toBeLessThan(MAX_EACH_BYTES + MAX_TIMES * (one.bytes.length / one.holds));
});
