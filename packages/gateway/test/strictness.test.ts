import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { ask, converse, parseResponse, sendRaw, wire } from "./rig/wire.ts";

let target: Target;
let gateway: TestGateway;
const records: ExchangeRecord[] = [];

beforeAll(async () => {
  target = await openTarget();
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), { onExchange: (record) => records.push(record) });
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const version = "Sec-WebSocket-Version: 13";
const upgrade = "Connection: Upgrade";
const websocket = "Upgrade: websocket";

const refusals = [
  { what: "two Hosts", lines: ["GET / HTTP/1.1", "Host: a", "Host: b"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "two equal Hosts", lines: ["GET / HTTP/1.1", "Host: a", "host: a"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "no Host on HTTP/1.1", lines: ["GET / HTTP/1.1", "Accept: */*"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "an empty Host", lines: ["GET / HTTP/1.1", "Host:"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "a list as Host", lines: ["GET / HTTP/1.1", "Host: a, b"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "a path in Host", lines: ["GET / HTTP/1.1", "Host: a/b"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "a user in Host", lines: ["GET / HTTP/1.1", "Host: u@a"], status: 400, code: "REQUEST_HOST_INVALID" },
  { what: "an absolute form for another host", lines: ["GET http://b/ HTTP/1.1", "Host: a"], status: 400, code: "REQUEST_TARGET_INVALID" },
  { what: "an absolute form with a user", lines: ["GET http://u@a/ HTTP/1.1", "Host: a"], status: 400, code: "REQUEST_TARGET_INVALID" },
  { what: "an absolute form of another scheme", lines: ["GET ftp://a/ HTTP/1.1", "Host: a"], status: 400, code: "REQUEST_TARGET_INVALID" },
  { what: "a fragment", lines: ["GET /a#b HTTP/1.1", "Host: a"], status: 400, code: "REQUEST_TARGET_INVALID" },
  { what: "the asterisk form", lines: ["OPTIONS * HTTP/1.1", "Host: a"], status: 501, code: "REQUEST_TARGET_INVALID" },
  {
    what: "gzip, chunked",
    lines: ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"],
    status: 400,
    code: "REQUEST_FRAMING_INVALID",
  },
  {
    what: "cow, chunked",
    lines: ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: cow, chunked"],
    status: 400,
    code: "REQUEST_FRAMING_INVALID",
  },
  { what: "chunked twice", lines: ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], status: 400 },
  {
    what: "chunked on HTTP/1.0",
    lines: ["POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"],
    status: 400,
    code: "REQUEST_FRAMING_INVALID",
  },
  { what: "identity", lines: ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: identity"], status: 400 },
  {
    what: "a length beside chunked",
    lines: ["POST / HTTP/1.1", "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"],
    status: 400,
  },
  {
    what: "two lengths",
    lines: ["POST / HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Length: 4"],
    status: 400,
    code: "REQUEST_MALFORMED",
  },
  { what: "a length with a sign", lines: ["POST / HTTP/1.1", "Host: a", "Content-Length: +3"], status: 400, code: "REQUEST_MALFORMED" },
  {
    what: "a folded line",
    lines: ["GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 1.1.1.1,", " 2.2.2.2"],
    status: 400,
    code: "REQUEST_MALFORMED",
  },
  { what: "a space before the colon", lines: ["GET / HTTP/1.1", "Host : a"], status: 400, code: "REQUEST_MALFORMED" },
  { what: "a NUL in a value", lines: ["GET / HTTP/1.1", "Host: a", "X-A: \0"], status: 400, code: "REQUEST_MALFORMED" },
  { what: "TRACE", lines: ["TRACE / HTTP/1.1", "Host: a"], status: 405, code: "REQUEST_METHOD_REFUSED" },
  { what: "CONNECT", lines: ["CONNECT b:443 HTTP/1.1", "Host: b:443"], status: 405, code: "REQUEST_METHOD_REFUSED" },
  { what: "HTTP/2.0 as text", lines: ["GET / HTTP/2.0", "Host: a"], status: 505, code: "REQUEST_VERSION_UNSUPPORTED" },
  { what: "the HTTP/2 preface", lines: ["PRI * HTTP/2.0", "", "SM"], status: 400, code: "REQUEST_MALFORMED" },
  { what: "HTTP/1.2", lines: ["GET / HTTP/1.2", "Host: a"], status: 400, code: "REQUEST_MALFORMED" },
  { what: "an upgrade to h2c", lines: ["GET / HTTP/1.1", "Host: a", upgrade, "Upgrade: h2c"], status: 400, code: "UPGRADE_REFUSED" },
  { what: "a choice of upgrades", lines: ["GET / HTTP/1.1", "Host: a", upgrade, "Upgrade: websocket, h2c", key, version], status: 400 },
  {
    what: "a handshake by POST",
    lines: ["POST / HTTP/1.1", "Host: a", upgrade, websocket, key, version],
    status: 400,
    code: "UPGRADE_REFUSED",
  },
  {
    what: "a handshake with a length",
    lines: ["GET / HTTP/1.1", "Host: a", upgrade, websocket, key, version, "Content-Length: 0"],
    status: 400,
  },
  {
    what: "a chunked handshake",
    lines: ["GET / HTTP/1.1", "Host: a", upgrade, websocket, key, version, "Transfer-Encoding: chunked"],
    status: 400,
  },
  {
    what: "a handshake on HTTP/1.0",
    lines: ["GET / HTTP/1.0", "Host: a", upgrade, websocket, key, version],
    status: 400,
    code: "UPGRADE_REFUSED",
  },
  {
    what: "a handshake without a key",
    lines: ["GET / HTTP/1.1", "Host: a", upgrade, websocket, version],
    status: 400,
    code: "UPGRADE_REFUSED",
  },
  { what: "a short key", lines: ["GET / HTTP/1.1", "Host: a", upgrade, websocket, version, "Sec-WebSocket-Key: abc"], status: 400 },
  { what: "two keys", lines: ["GET / HTTP/1.1", "Host: a", upgrade, websocket, version, key, key], status: 400, code: "UPGRADE_REFUSED" },
  { what: "version 8", lines: ["GET / HTTP/1.1", "Host: a", upgrade, websocket, key, "Sec-WebSocket-Version: 8"], status: 426 },
];

test.each(refusals)("$what: $status and the connection is closed", async ({ lines, status, code }) => {
  const seen = target.received.length;
  const response = parseResponse(await sendRaw(gateway.port, wire(...lines)));
  expect(response.status).toBe(status);
  expect(response.head).toMatch(/^Connection: close$/im);
  expect(response.head).toMatch(/^Content-Type: application\/json; charset=utf-8$/im);
  expect(JSON.parse(response.body)).toEqual({ error: { code: code ?? expect.any(String), message: expect.any(String) } });
  expect(target.received.length).toBe(seen);
});

test("HTTP/0.9 never reaches a target", async () => {
  const seen = target.received.length;
  const response = parseResponse(await sendRaw(gateway.port, "GET /\r\n\r\n"));
  expect([400, 505]).toContain(response.status);
  expect(target.received.length).toBe(seen);
});

const accepted = [
  { what: "an absolute form that agrees with Host", lines: ["GET http://A:80/x?y HTTP/1.1", "Host: a:80"], says: "GET /x?y" },
  { what: "an absolute form without a path", lines: ["GET http://a HTTP/1.1", "Host: a"], says: "GET /" },
  {
    what: "a query and strange characters",
    lines: ["GET /%2e%2e/a;b=c?d=%00&e[]='\" HTTP/1.1", "Host: a"],
    says: "GET /%2e%2e/a;b=c?d=%00&e[]='\"",
  },
  { what: "an IPv6 host", lines: ["GET / HTTP/1.1", "Host: [::1]:8080"], says: "GET /" },
  {
    what: "chunked in capitals",
    lines: ["POST /c HTTP/1.1", "Host: a", "Transfer-Encoding: CHUNKED", "Connection: close", "", "1\r\nx\r\n0"],
    says: "POST /c",
  },
  { what: "DELETE", lines: ["DELETE /d HTTP/1.1", "Host: a"], says: "DELETE /d" },
  { what: "OPTIONS of a resource", lines: ["OPTIONS /o HTTP/1.1", "Host: a"], says: "OPTIONS /o" },
  { what: "PROPFIND", lines: ["PROPFIND /p HTTP/1.1", "Host: a"], says: "PROPFIND /p" },
  { what: "HTTP/1.0", lines: ["GET /old HTTP/1.0"], says: "GET /old" },
];

test.each(accepted)("$what is forwarded", async ({ lines, says }) => {
  const raw = lines.includes("Connection: close") ? wire(...lines) : wire(...lines, "Connection: close");
  const text = await sendRaw(gateway.port, raw);
  expect(parseResponse(text).status).toBe(200);
  expect(text).toContain(says);
});

const sizes = [
  { what: "100 fields", lines: fieldsUpTo(100), status: 200 },
  { what: "101 fields", lines: fieldsUpTo(101), status: 431, code: "TOO_MANY_HEADER_FIELDS" },
  { what: "1,005 fields", lines: fieldsUpTo(1005), status: 431, code: "TOO_MANY_HEADER_FIELDS" },
  { what: "15 KiB in one field", lines: ["Host: a", `X-A: ${"a".repeat(15 * 1024)}`, "Connection: close"], status: 200 },
  {
    what: "17 KiB in one field",
    lines: ["Host: a", `X-A: ${"a".repeat(17 * 1024)}`, "Connection: close"],
    status: 431,
    code: "HEADERS_TOO_LARGE",
  },
];

/** Host and Connection among them. */
function fieldsUpTo(count: number): string[] {
  return ["Host: a", "Connection: close", ...Array.from({ length: count - 2 }, () => "a:1")];
}

test.each(sizes)("$what: $status", async ({ lines, status, code }) => {
  const response = parseResponse(await sendRaw(gateway.port, wire("GET / HTTP/1.1", ...lines)));
  expect(response.status).toBe(status);
  if (code !== undefined) expect(JSON.parse(response.body).error.code).toBe(code);
});

test("a limit of its own replaces the default", async () => {
  const strict = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { maxHeaderFields: 3 } });
  expect((await ask(strict.port, "GET / HTTP/1.1", "Host: a", "A: 1")).status).toBe(200);
  expect((await ask(strict.port, "GET / HTTP/1.1", "Host: a", "A: 1", "B: 2")).status).toBe(431);
  await strict.close();
});

test("a request that does not end in time is answered 408", async () => {
  const hasty = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { headersTimeoutMs: 100 } });
  const response = parseResponse(await sendRaw(hasty.port, "GET / HTTP/1.1\r\nHost:"));
  expect(response.status).toBe(408);
  expect(JSON.parse(response.body).error.code).toBe("REQUEST_TIMEOUT");
  await hasty.close();
});

test("a faulty chunk is answered 400 and the target does not get a complete request", async () => {
  const seen = target.received.length;
  const conversation = await converse(gateway.port);
  conversation.write(wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"));
  conversation.write("0x5\r\nhello\r\n");
  expect(await conversation.readUntil(/"code"/)).toMatch(/^HTTP\/1\.1 400 /);
  await conversation.closed;
  expect(target.received.length).toBe(seen);
});

test("nothing a client sent stands in a fault", async () => {
  const response = await ask(gateway.port, "GET /<script>\x9b31m HTTP/1.1", "Host: <script>");
  expect(response.status).toBe(400);
  expect(response.body).not.toMatch(/script|\x9b/);
});

test("a refused request is recorded with its fault and without a resolution", async () => {
  records.length = 0;
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "Host: b");
  expect(records).toMatchObject([{ status: 400, fault: "REQUEST_HOST_INVALID", resolution: undefined, route: undefined, revision: 1 }]);
  expect(records[0]?.flowVariable("client.resolved.ip")).toBeUndefined();
});
