import { readFileSync } from "node:fs";
import { defaultLimits, type ExchangeRecord, type GatewayOptions } from "@wherefrom/gateway";
import { afterEach, expect, test } from "vitest";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { openTarget } from "./rig/target.ts";
import { converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function own<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

async function openLimited(limits: GatewayOptions["limits"], options: Partial<GatewayOptions> & { origin?: string } = {}) {
  const { origin = own(await openTarget()).origin, ...rest } = options;
  return own(await openTestGateway(snapshotOf([{ target: origin }]), { ...rest, limits: limits ?? {} }));
}

test("the page names every limit with its default, and no other", () => {
  const [page = ""] = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8").split("# Limits of control");
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)].map(([, name = "", value = ""]) => [
    name,
    Number(value.replaceAll(",", "")),
  ]);
  expect(rows.toSorted()).toEqual(Object.entries(defaultLimits).toSorted());
});

const slow = [
  { what: "header", limits: { headersTimeoutMs: 100 }, begins: "GET / HTTP/1.1\r\nHost:" },
  {
    what: "body",
    limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 },
    begins: wire("POST / HTTP/1.1", "Host: a", "Content-Length: 100"),
  },
  {
    what: "chunked body",
    limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 },
    begins: wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"),
  },
];

test.each(slow)("a client that is slow with its $what is answered 408 and closed, though it goes on", async ({ limits, begins }) => {
  const gateway = await openLimited({ lingerTimeoutMs: 50, ...limits });
  const conversation = await converse(gateway.port, { allowHalfOpen: true });
  conversation.write(begins);
  const timer = setInterval(() => conversation.write("1"), 20);
  expect(await conversation.readUntil(/REQUEST_TIMEOUT/)).toMatch(/^HTTP\/1\.1 408 /);
  await conversation.closed;
  clearInterval(timer);
});

test("a client that says nothing at all is closed", async () => {
  const gateway = await openLimited({ headersTimeoutMs: 100, lingerTimeoutMs: 50 });
  await (await converse(gateway.port)).closed;
});

const large = [
  { what: "says so", lines: ["Content-Length: 11"], body: "", reaches: 0 },
  { what: "says so and waits to be told to go on", lines: ["Content-Length: 11", "Expect: 100-continue"], body: "", reaches: 0 },
  { what: "turns out to be", lines: ["Transfer-Encoding: chunked"], body: "a\r\n0123456789\r\n", rest: "1\r\nx\r\n0\r\n\r\n", reaches: 1 },
];

test.each(large)("a body larger than the limit that $what is answered 413", async ({ lines, body, rest = "", reaches }) => {
  let begun = 0;
  let ended = 0;
  const target = own(
    await openTarget((request, response) => {
      begun += 1;
      request.on("error", () => undefined).resume();
      response.once("close", () => {
        if (!request.complete) ended += 1;
      });
    }),
  );
  const gateway = await openLimited({ maxBodyBytes: 10 }, { origin: target.origin });
  const conversation = await converse(gateway.port);
  conversation.write(wire("POST / HTTP/1.1", "Host: a", ...lines) + body);
  await until(() => begun === reaches);
  conversation.write(rest);
  expect(await conversation.readUntil(/REQUEST_BODY_TOO_LARGE/)).toMatch(/^HTTP\/1\.1 413 [\s\S]*^Connection: close\r$/m);
  await conversation.closed;
  await until(() => ended === reaches);
});

test("a body of the limit passes", async () => {
  const target = own(await openTarget());
  const gateway = await openLimited({ maxBodyBytes: 10 }, { origin: target.origin });
  const chunked = wire("POST / HTTP/1.1", "Host: a", "Connection: close", "Transfer-Encoding: chunked");
  expect(parseResponse(await sendRaw(gateway.port, `${chunked}a\r\n0123456789\r\n0\r\n\r\n`)).status).toBe(200);
  expect(target.received).toMatchObject([{ body: "0123456789" }]);
});

const unread = [
  { what: "does not read", takes: 0 },
  { what: "reads a little now and then", takes: 1_000 },
];

test.each(unread)("a client that $what is cut, and the target let go", async ({ takes }) => {
  const records: ExchangeRecord[] = [];
  let isLetGo = false;
  const target = own(
    await openTarget((_request, response) => {
      response.end(Buffer.alloc(32_000_000));
      response.once("close", () => {
        isLetGo = true;
      });
    }),
  );
  const gateway = await openLimited(
    { responseStallTimeoutMs: 100 },
    { origin: target.origin, onExchange: (record) => records.push(record) },
  );
  const { socket } = await converse(gateway.port);
  socket.pause();
  socket.write(wire("GET / HTTP/1.1", "Host: a"));
  const timer = setInterval(() => socket.read(takes), 10);
  await until(() => records.length === 1 && isLetGo);
  clearInterval(timer);
  expect(records).toMatchObject([{ status: 200, fault: "CLIENT_STALLED", isComplete: false }]);
  // Only what its own system has taken is left for it: the gateway's keeps none of the four megabytes that it takes for a connection.
  socket.resume();
  await until(() => socket.closed);
  expect(socket.bytesRead).toBeLessThan(2_000_000);
});

test("the last request that a connection may carry closes it", async () => {
  const gateway = await openLimited({ maxRequestsPerConnection: 3 });
  const text = await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a").repeat(5));
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(3);
  expect(text.match(/^Connection: .*$/gm)?.map((line) => line.trim())).toEqual([
    "Connection: keep-alive",
    "Connection: keep-alive",
    "Connection: close",
  ]);
});

test("a limit of its own replaces the default", async () => {
  const gateway = await openLimited({ maxHeaderFields: 3, maxTargetBytes: 4 });
  const statusOf = async (...lines: string[]): Promise<number> =>
    parseResponse(await sendRaw(gateway.port, wire(...lines, "Connection: close"))).status;
  expect(await statusOf("GET /abc HTTP/1.1", "Host: a", "A: 1")).toBe(200);
  expect(await statusOf("GET /abcd HTTP/1.1", "Host: a", "A: 1")).toBe(414);
  expect(await statusOf("GET /abc HTTP/1.1", "Host: a", "A: 1", "B: 2")).toBe(431);
});
