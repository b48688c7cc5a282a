import { type AddressInfo, createServer, type Socket } from "node:net";
import type { ExchangeRecord, Notice } from "@wherefrom/gateway";
import { expect, test } from "vitest";
import { withTimeEnough } from "../../../tools/patience.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { own } from "./rig/owned.ts";
import { openTarget } from "./rig/target.ts";
import { ask, converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

/** A target that does with each connection what it is told. */
type RawTarget = { readonly url: string; readonly heads: string[]; close(): Promise<void> };

/** Takes requests and gives each the same answer; `undefined` closes the connection instead. */
async function rawTarget(answer: string | undefined): Promise<RawTarget> {
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heads.push(chunk.toString("latin1"));
      if (answer === undefined) socket.destroy();
      else socket.write(answer, "latin1");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return own({
    url: `http://127.0.0.1:${port}`,
    heads,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Where nobody listens. */
async function nowhere(): Promise<RawTarget> {
  const target = await rawTarget("");
  await target.close();
  return target;
}

const fine = () => rawTarget(`${wire("HTTP/1.1 200 OK", "Content-Length: 4")}fine`);
const closing = () => rawTarget(undefined);
const busy = (...lines: string[]) => rawTarget(`${wire("HTTP/1.1 503 Busy", "Content-Length: 4", ...lines)}busy`);
const garbled = () => rawTarget("hello\r\n\r\n");
const halfway = () => rawTarget("HTTP/1.1 2");

async function gatewayTo(targets: readonly RawTarget[], parts: { route?: object; options?: Parameters<typeof openTestGateway>[1] } = {}) {
  const urls = targets.map(({ url }) => ({ url }));
  return own(await openTestGateway(snapshotOf([{ targets: urls, ...parts.route }]), parts.options));
}

const on503 = { retries: { statuses: [503] } };

/** The first target fails as `first` says, the second is fine. */
const rows = [
  { first: nowhere, what: "refuses the connection", method: "GET", status: 200 },
  { first: nowhere, what: "refuses the connection", method: "POST", status: 200 },
  { first: nowhere, what: "refuses the connection", method: "POST", body: "x".repeat(100_000), status: 200 },
  { first: nowhere, what: "refuses the connection", method: "GET", route: { retries: { max: 0 } }, status: 502 },
  { first: nowhere, what: "refuses the connection", method: "LOCK", status: 200 },
  { first: closing, what: "closes before it answers", method: "GET", status: 200 },
  { first: closing, what: "closes before it answers", method: "HEAD", status: 200 },
  { first: closing, what: "closes before it answers", method: "OPTIONS", status: 200 },
  { first: closing, what: "closes before it answers", method: "PUT", status: 200 },
  { first: closing, what: "closes before it answers", method: "DELETE", status: 200 },
  { first: closing, what: "closes before it answers", method: "PUT", body: "once", status: 502 },
  { first: closing, what: "closes before it answers", method: "GET", body: "once", status: 502 },
  { first: closing, what: "closes before it answers", method: "POST", status: 502 },
  { first: closing, what: "closes before it answers", method: "PATCH", status: 502 },
  { first: closing, what: "closes before it answers", method: "LOCK", status: 502 },
  { first: garbled, what: "answers no HTTP", method: "GET", status: 502 },
  { first: busy, what: "is busy", method: "GET", status: 503 },
  { first: busy, what: "is busy", method: "GET", route: on503, status: 200 },
  { first: busy, what: "is busy", method: "POST", route: on503, status: 503 },
  { first: busy, what: "is busy", method: "PUT", body: "once", route: on503, status: 503 },
  { first: () => busy("Retry-After: 1"), what: "says when to come back", method: "GET", route: on503, status: 503 },
] as const;

test.each(rows)("$method when the first of two targets $what, by $route: $status", async ({ first, method, status, ...row }) => {
  const body = "body" in row ? row.body : "";
  const targets = [await first(), await fine()];
  const records: ExchangeRecord[] = [];
  const options = { onExchange: (record: ExchangeRecord) => void records.push(record) };
  const gateway = await gatewayTo(targets, { options, ...("route" in row && { route: row.route }) });
  const lines = ["Host: a", "Connection: close", ...(body === "" ? [] : [`Content-Length: ${body.length}`])];
  const response = parseResponse(await sendRaw(gateway.port, `${wire(`${method} /x HTTP/1.1`, ...lines)}${body}`));
  expect(response.status).toBe(status);
  expect(targets[1]?.heads.length === 0).toBe(status !== 200);
  await until(() => records.length === 1);
  expect(records[0]).toMatchObject({ target: targets[status === 200 ? 1 : 0]?.url, attempts: status === 200 ? 2 : 1 });
  if (status !== 200) return;
  const sent = targets[1]?.heads.join("") ?? "";
  expect(sent).toMatch(new RegExp(`^${method} /x HTTP/1\\.1\r\n`));
  expect(sent.slice(sent.indexOf("\r\n\r\n") + 4)).toBe(body);
  // the second target is asked by its own name
  expect(sent).toContain(`\r\nhost: ${new URL(targets[1]?.url ?? "").host}\r\n`);
});

test("half a header is a beginning: no retry, and the client is told", async () => {
  const targets = [await halfway(), await fine()];
  const gateway = await gatewayTo(targets);
  const response = ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  await until(() => targets[0]?.heads.length === 1);
  await targets[0]?.close();
  expect((await response).status).toBe(502);
  expect(targets[1]?.heads).toEqual([]);
});

test("a retry goes where the request was not, and back only when there is no other", async () => {
  const one = await closing();
  const alone = await gatewayTo([one], { route: { retries: { max: 2 } } });
  expect((await ask(alone.port, "GET / HTTP/1.1", "Host: a")).status).toBe(502);
  expect(one.heads.length).toBe(3);

  const three = [await closing(), await closing(), await closing()];
  const gateway = await gatewayTo(three, { route: { retries: { max: 3 } } });
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(502);
  expect(three.map(({ heads }) => heads.length).sort()).toEqual([1, 1, 2]);
});

test("an idle connection that the target closed just then costs nobody an error", async () => {
  let isFirst = true;
  const target = own(
    await openTarget((request, response) => {
      const wasFirst = isFirst;
      isFirst = false;
      if (wasFirst || request.url !== "/2") return void response.end("ok");
      isFirst = true;
      request.socket.destroy();
    }),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const conversation = await converse(gateway.port);
  for (const path of ["/1", "/2"]) {
    conversation.write(wire(`GET ${path} HTTP/1.1`, "Host: a"));
    expect(await conversation.readUntil(/\r\n\r\nok$/)).toMatch(/^HTTP\/1\.1 200 /);
  }
  conversation.socket.destroy();
});

test("retries end with the budget: a tenth of the requests, and ten to begin with", async () => {
  const target = await closing();
  const gateway = await gatewayTo([target], { options: { limits: { maxTargetFailures: 1_000_000, minTargetRequests: 1_000_000 } } });
  const requests = 60;
  for (let count = 0; count < requests; count += 1) await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  expect(target.heads.length).toBe(requests + 10 + requests / 10);
});

test("a client that leaves takes its retry with it", async () => {
  const target = await closing();
  const records: ExchangeRecord[] = [];
  const gateway = await gatewayTo([target], { options: { onExchange: (record) => records.push(record) }, route: { retries: { max: 5 } } });
  const conversation = await converse(gateway.port);
  conversation.write(wire("GET / HTTP/1.1", "Host: a"));
  await until(() => target.heads.length > 0);
  conversation.socket.destroy();
  await until(() => records.length > 0);
  // an attempt that was under way just then has arrived when the next one has
  await ask(gateway.port, "POST / HTTP/1.1", "Host: a");
  const seen = target.heads.length;
  // a whole exchange later there is still none
  await ask(gateway.port, "POST / HTTP/1.1", "Host: a");
  expect(target.heads.length).toBe(seen + 1);
});

test("the total time is over all attempts together", async () => {
  await withTimeEnough(100, async (totalMs) => {
    const targets = [await closing(), await rawTarget("")];
    const gateway = await gatewayTo(targets, { route: { timeouts: { totalMs } } });
    const response = await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
    expect([response.status, JSON.parse(response.body).error.code]).toEqual([504, "UPSTREAM_TOTAL_TIMEOUT"]);
    expect(targets.map(({ heads }) => heads.length)).toEqual([1, 1]);
  });
});

const failing = { maxTargetFailures: 2, ejectionTimeMs: 200 };

test("a target that fails is passed by until a probe finds it back", async () => {
  let isDown = true;
  const shaky = own(
    await openTarget((request, response) => {
      if (isDown) request.socket.destroy();
      else response.end("shaky");
    }),
  );
  const steady = own(await openTarget((_request, response) => response.end("steady")));
  const notices: Notice[] = [];
  const gateway = own(
    await openTestGateway(snapshotOf([{ targets: [{ url: shaky.origin }, { url: steady.origin }] }]), {
      limits: failing,
      onNotice: (notice) => notices.push(notice),
    }),
  );
  const get = async () => (await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).body;
  const standing = () => gateway.targetStates()[0]?.standing;
  while (standing() === "in-use") expect(await get()).toBe("steady");
  expect(gateway.targetStates()).toMatchObject([
    { target: shaky.origin, standing: "ejected", failuresInRow: 2, open: 0 },
    { target: steady.origin, standing: "in-use", failuresInRow: 0, open: 0 },
  ]);
  isDown = false;
  await untilAnswered(get, "shaky");
  expect(standing()).toBe("in-use");
  const about = notices.filter(({ code }) => code.startsWith("TARGET_"));
  expect(about.map(({ level, code }) => [level, code])).toEqual([
    ["warning", "TARGET_EJECTED"],
    ["info", "TARGET_RECOVERED"],
  ]);
  expect(about[0]?.message).toContain(shaky.origin);
});

async function untilAnswered(get: () => Promise<string>, body: string): Promise<void> {
  while ((await get()) !== body) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("targets that all fail are all asked: no request is refused because of a guess", async () => {
  const targets = [await nowhere(), await nowhere()];
  const gateway: TestGateway = await gatewayTo(targets, { options: { limits: { ...failing, ejectionTimeMs: 60_000 } } });
  const get = () => ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  while (gateway.targetStates().some(({ standing }) => standing === "in-use")) await get();
  expect(JSON.parse((await get()).body).error.code).toBe("UPSTREAM_REFUSED");
});

test("a client that leaves is no failure of the target", async () => {
  let asked = 0;
  const target = own(
    await openTarget((request) => {
      asked += 1;
      request.resume();
    }),
  );
  const records: ExchangeRecord[] = [];
  const gateway = own(
    await openTestGateway(snapshotOf([{ target: target.origin }]), {
      limits: { maxTargetFailures: 1 },
      onExchange: (record) => records.push(record),
    }),
  );
  const requests = [
    wire("GET / HTTP/1.1", "Host: a"),
    `${wire("POST / HTTP/1.1", "Host: a", "Content-Length: 10")}12345`,
    `${wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}5\r\n12345\r\n`,
  ];
  for (const [index, request] of requests.entries()) {
    const conversation = await converse(gateway.port);
    conversation.write(request);
    await until(() => asked === index + 1);
    conversation.socket.destroy();
    await until(() => records.length === index + 1);
  }
  await until(() => gateway.targetStates()[0]?.open === 0);
  expect(gateway.targetStates()).toMatchObject([{ standing: "in-use", failuresInRow: 0 }]);
});
