import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { ask, converse, sendRaw, wire } from "./rig/wire.ts";

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

test("a refusal says that it closes, what it is and its code, as JSON that nobody keeps", async () => {
  const { head, body } = await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "Host: b");
  expect(
    head
      .split("\r\n")
      .slice(1)
      .filter((line) => !line.startsWith("Date:")),
  ).toEqual([
    "Content-Type: application/json; charset=utf-8",
    expect.stringMatching(/^Content-Length: \d+$/),
    "Cache-Control: no-store",
    "Connection: close",
  ]);
  expect(JSON.parse(body)).toEqual({ error: { code: "REQUEST_HOST_INVALID", message: expect.any(String) } });
});

test("a client that is still sending hears why it was refused", async () => {
  const conversation = await converse(gateway.port, { allowHalfOpen: true });
  conversation.write(wire("POST / HTTP/1.1", "Host: a", "Content-Length: 1073741825"));
  await conversation.readUntil(/REQUEST_BODY_TOO_LARGE/);
  for (let count = 0; count < 64; count += 1) conversation.write(Buffer.alloc(65_536));
  await new Promise((resolve) => conversation.socket.once("end", resolve));
  conversation.socket.end();
  await conversation.closed;
  expect(conversation.socket.errored).toBeNull();
});

test("a client that never ends is cut", async () => {
  const hasty = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { lingerTimeoutMs: 50 } });
  const conversation = await converse(hasty.port, { allowHalfOpen: true });
  conversation.write(wire("GET / HTTP/1.1"));
  await conversation.readUntil(/REQUEST_HOST_INVALID/);
  const timer = setInterval(() => conversation.write("x"), 5);
  await conversation.closed;
  clearInterval(timer);
  await hasty.close();
});

test("of requests sent ahead no more are taken than the limit, one at a time", async () => {
  let open = 0;
  let most = 0;
  const slow = await openTarget((_request, response) => {
    open += 1;
    most = Math.max(most, open);
    setImmediate(() => {
      open -= 1;
      response.end("ok");
    });
  });
  const short = await openTestGateway(snapshotOf([{ target: slow.origin }]), { limits: { maxPipelinedRequests: 3 } });
  const text = await sendRaw(short.port, wire("GET / HTTP/1.1", "Host: a").repeat(20));
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(4); // the one whose turn it is, and three behind it
  expect(most).toBe(1);
  await short.close();
  await slow.close();
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
