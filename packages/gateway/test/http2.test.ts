import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { ExchangeRecord, GatewayOptions } from "@wherefrom/gateway";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { makeCertificate } from "./rig/certificate.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { answerOn, askHttp2, connectHttp2 } from "./rig/http2-client.ts";
import { END_HEADERS, frame, openRawHttp2, PREFACE, type RawHttp2, request } from "./rig/http2-frames.ts";
import { linesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> | void }[] = [];
const folder = mkdtempSync(join(tmpdir(), "wherefrom-http2-"));
const tls = { certFile: join(folder, "a.crt"), keyFile: join(folder, "a.key") };
const { cert, key } = makeCertificate();
writeFileSync(tls.certFile, cert);
writeFileSync(tls.keyFile, key);

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function own<T extends { close(): Promise<void> | void }>(thing: T): T {
  open.push(thing);
  return thing;
}

type Handler = Parameters<typeof openTarget>[0];

/** A gateway that speaks HTTP/2 over clear connections unless told otherwise, and its target. */
async function openBoth(options: Partial<GatewayOptions> = {}, handler?: Handler): Promise<{ gateway: TestGateway; target: Target }> {
  const target = own(await openTarget(handler));
  const snapshot = snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } });
  return { target, gateway: own(await openTestGateway(snapshot, { listeners: [{ port: 0, http2: true }], ...options })) };
}

const connectTo = async (gateway: TestGateway) => own(await connectHttp2(gateway.url));
const GOOD = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
] as const;

test.each(["/a b", "/a\tb", "/\u00e4", "/a#b", "a", "/a\r\nX-A: b"])("the path «%s» does not reach a target", async (path) => {
  const { gateway, target } = await openBoth();
  const { status } = await askHttp2(await connectTo(gateway), { ":path": path });
  expect([0, 400]).toContain(status); // refused, or reset by Node
  expect(target.received).toEqual([]);
});

describe("which version is spoken", () => {
  function negotiate(port: number, protocols?: string[]): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", rejectUnauthorized: false, ...(protocols && { ALPNProtocols: protocols }) };
      const socket = connectTls(options, () => resolve(socket));
      socket.once("error", reject);
    });
  }

  test.each([
    { offers: ["h2", "http/1.1"], gets: "h2" },
    { offers: ["http/1.1", "h2"], gets: "h2" },
    { offers: ["http/1.1"], gets: "http/1.1" },
    { offers: undefined, gets: false },
  ])("over TLS a client that offers $offers gets $gets", async ({ offers, gets }) => {
    const { gateway } = await openBoth({ listeners: [{ port: 0, tls }] });
    const socket = await negotiate(gateway.port, offers);
    expect(socket.alpnProtocol).toBe(gets);
    socket.destroy();
  });

  test("where HTTP/2 is switched off, TLS agrees on HTTP/1.1", async () => {
    const { gateway } = await openBoth({ listeners: [{ port: 0, tls, http2: false }] });
    const socket = await negotiate(gateway.port, ["h2", "http/1.1"]);
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  test("a client that offers nothing that is spoken is refused", async () => {
    const { gateway } = await openBoth({ listeners: [{ port: 0, tls }] });
    await expect(negotiate(gateway.port, ["spdy/3.1"])).rejects.toMatchObject({ code: expect.stringMatching(/ALPN|APPLICATION_PROTOCOL/) });
  });

  test("a listener without TLS speaks HTTP/1 unless told otherwise: the preface is no request", async () => {
    const { gateway } = await openBoth({ listeners: [{ port: 0 }] });
    expect(parseResponse(await sendRaw(gateway.port, PREFACE)).status).toBe(400);
  });

  const requestLines = ["GET / HTTP/1.1", "POST / HTTP/1.1", "PUT / HTTP/1.1", "PATCH / HTTP/1.1", "PROPFIND / HTTP/1.1"];
  test.each(requestLines)("«%s» is HTTP/1, byte by byte too", async (line) => {
    const { gateway } = await openBoth();
    const client = await converse(gateway.port);
    for (const byte of wire(line, "Host: a", "Content-Length: 0")) {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(parseResponse(await client.readUntil(/\r\n\r\n/)).status).toBe(200);
    client.socket.destroy();
  });

  test.each([
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
    "PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n",
    "PRI / HTTP/1.1\r\nHost: a\r\n\r\n",
    "PRJ * HTTP/2.0\r\n\r\n",
  ])("%j is no preface, and no request of HTTP/1 either", async (bytes) => {
    const { gateway } = await openBoth({ limits: { headersTimeoutMs: 100 } });
    expect(parseResponse(await sendRaw(gateway.port, bytes)).status).toBeOneOf([400, 405, 408]);
  });

  test.each(["", "P", "PRI * HTTP/2.0\r\n"])("a client that says %j and no more is too slow: 408", async (bytes) => {
    const { gateway } = await openBoth({ limits: { headersTimeoutMs: 60 } });
    expect(parseResponse(await sendRaw(gateway.port, bytes)).status).toBe(408);
  });

  test("one that leaves in the middle of the preface is let go", async () => {
    const { gateway } = await openBoth();
    const client = await converse(gateway.port);
    client.socket.end("PRI");
    await client.closed;
  });

  test("behind PROXY protocol and TLS the client is whom the header names", async () => {
    const { gateway, target } = await openBoth({ listeners: [{ port: 0, tls, proxyProtocol: { trustedPeers: ["127.0.0.1"] } }] });
    const tcp = connectTcp(gateway.port, "127.0.0.1");
    await new Promise((resolve) => tcp.once("connect", resolve));
    tcp.write("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n");
    const session = own(
      await connectHttp2(gateway.url, {
        createConnection: () => connectTls({ socket: tcp, ALPNProtocols: ["h2"], rejectUnauthorized: false }),
      }),
    );
    expect((await askHttp2(session, { ":path": "/" })).status).toBe(200);
    const [received] = target.received;
    expect(received && linesOf(received, "x-real-ip")).toEqual(["2001:db8::7"]);
    expect(received && linesOf(received, "x-forwarded-proto")).toEqual(["https"]);
  });
});

describe("a request over HTTP/2", () => {
  test("goes to the target as one of HTTP/1.1, and is recorded as what it was", async () => {
    const records: ExchangeRecord[] = [];
    const { gateway, target } = await openBoth({ onExchange: (record) => void records.push(record) });
    const session = await connectTo(gateway);
    const answer = await askHttp2(session, { ":path": "/a?b=c", "x-custom": "1", te: "trailers", forwarded: "for=6.6.6.6" });
    expect(answer).toMatchObject({ status: 200, body: "GET /a?b=c", code: 0 });
    const [received] = target.received as [Received];
    expect(received.fields.filter((name, index) => index % 2 === 0 && name.startsWith(":"))).toEqual([]);
    expect(linesOf(received, "x-custom")).toEqual(["1"]);
    expect(linesOf(received, "te")).toEqual([]);
    expect(linesOf(received, "x-forwarded-host")).toEqual(["a"]);
    expect(linesOf(received, "forwarded")).toEqual(["for=127.0.0.1;host=a;proto=http"]);
    await until(() => records.length === 1);
    expect(records[0]).toMatchObject({
      method: "GET",
      httpVersion: "2.0",
      host: "a",
      pathAndQuery: "/a?b=c",
      status: 200,
      isComplete: true,
    });
  });

  test("carries bodies of a megabyte both ways, whole", async () => {
    const { gateway } = await openBoth({}, (received, response) => void received.pipe(response));
    const session = await connectTo(gateway);
    const body = Buffer.alloc(1_048_576, "0123456789abcdef");
    const digest = (text: string): string => createHash("sha256").update(text, "latin1").digest("hex");
    for (const length of [{}, { "content-length": String(body.length) }]) {
      const answer = await askHttp2(session, { ":method": "POST", ":path": "/", ...length }, body);
      expect([answer.status, answer.code, digest(answer.body)]).toEqual([200, 0, digest(body.toString("latin1"))]);
    }
  });

  // Node's own client ends so, and so does one that finds only while it sends that there is nothing.
  test.each([
    { ends: "at once", method: "POST", fields: {}, isLate: false },
    { ends: "a moment later", method: "PUT", fields: {}, isLate: true },
    { ends: "at once", method: "POST", fields: { "content-length": "0" }, isLate: false },
    { ends: "at once", method: "GET", fields: {}, isLate: false },
    { ends: "at once", method: "POST", fields: { trailer: "x-sum" }, isLate: false },
  ])("$method with $fields whose empty body $ends with a frame of its own is whole", async ({ method, fields, isLate }) => {
    const { gateway, target } = await openBoth();
    const session = await connectTo(gateway);
    const stream = session.request({ ":authority": "a", ":method": method, ":path": "/", ...fields }, { endStream: false });
    if (isLate) await new Promise<void>((resolve) => session.ping(() => resolve()));
    stream.end();
    expect(await answerOn(stream)).toMatchObject({ status: 200, code: 0 });
    expect(target.received).toMatchObject([{ method, body: "" }]);
  });

  test("is one of many at a time on its connection, each with its own answer", async () => {
    const { gateway } = await openBoth();
    const session = await connectTo(gateway);
    const paths = Array.from({ length: 90 }, (_, index) => `/${index}`);
    const answers = await Promise.all(paths.map((path) => askHttp2(session, { ":path": path })));
    expect(answers.map(({ body }) => body)).toEqual(paths.map((path) => `GET ${path}`));
  });

  const responses = [
    { what: "HEAD", method: "HEAD", status: 200, fields: { "content-length": "5" }, body: "" },
    { what: "204", method: "GET", status: 204, fields: {}, body: "" },
    { what: "205 with a body", method: "GET", status: 205, fields: { "x-a": "1" }, body: "", sends: "dropped" },
    { what: "205 with a long one", method: "GET", status: 205, fields: { "x-a": "1" }, body: "", sends: "x".repeat(500_000) },
    { what: "304", method: "GET", status: 304, fields: { etag: '"a"' }, body: "" },
    { what: "several cookies", method: "GET", status: 200, fields: { "set-cookie": ["a=1", "b=2"] }, body: "ok" },
    { what: "two lines of one field", method: "GET", status: 200, fields: { "x-a": ["1", "2"] }, says: { "x-a": "1, 2" }, body: "ok" },
    {
      what: "two lines of a field that is sent once",
      method: "GET",
      status: 200,
      fields: { "content-language": ["de", "en"] },
      says: { "content-language": "de, en" },
      body: "ok",
    },
    {
      what: "fields about its connection",
      method: "GET",
      status: 200,
      fields: { connection: "x-b", "x-b": "1", "keep-alive": "timeout=1" },
      says: {},
      body: "ok",
    },
  ];
  test.each(responses)("gets $what as the target says it", async ({ method, status, fields, says, body, sends = body }) => {
    const { gateway } = await openBoth({}, (_received, response) => void response.writeHead(status, fields as never).end(sends));
    const answer = await askHttp2(await connectTo(gateway), { ":method": method, ":path": "/" });
    expect(answer).toMatchObject({ status, body, code: 0, headers: says ?? fields });
    for (const name of ["connection", "keep-alive", "transfer-encoding", "x-b"]) expect(answer.headers).not.toHaveProperty(name);
  });

  test("gets the target's trailers, and the target its own, but what claims a client", async () => {
    let trailers: string[] = [];
    const { gateway } = await openBoth({}, (received, response) => {
      received.resume().once("end", () => {
        trailers = received.rawTrailers;
        response.writeHead(200, { trailer: "x-sum" });
        response.write("body");
        response.addTrailers({ "x-sum": "42" });
        response.end();
      });
    });
    const session = await connectTo(gateway);
    const stream = session.request({ ":method": "POST", ":path": "/", trailer: "x-count" }, { endStream: false, waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "x-count": "1", "x-forwarded-for": "6.6.6.6" }));
    stream.end("x");
    expect(await answerOn(stream)).toMatchObject({ status: 200, body: "body", trailers: { "x-sum": "42" } });
    expect(trailers).toEqual(["x-count", "1"]);
  });

  test("gets 103 with the target's hints", async () => {
    const { gateway } = await openBoth({}, (_received, response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.end("ok");
    });
    const stream = (await connectTo(gateway)).request({ ":path": "/", ":authority": "a" });
    const hints = new Promise<unknown>((resolve) => stream.once("headers", resolve));
    expect(await answerOn(stream)).toMatchObject({ status: 200, body: "ok" });
    expect(await hints).toMatchObject({ ":status": 103, link: "</a.css>; rel=preload" });
  });

  test("that waits for 100 Continue gets it", async () => {
    const { gateway } = await openBoth();
    const session = await connectTo(gateway);
    const stream = session.request({ ":method": "POST", ":path": "/continue", expect: "100-continue" }, { endStream: false });
    const went = new Promise<void>((resolve) => stream.once("continue", resolve));
    await went;
    stream.end("now");
    expect(await answerOn(stream)).toMatchObject({ status: 200, body: "POST /continue" });
  });

  test.each([
    { what: "too large by its length", headers: { "content-length": "11" }, body: "12345678901" },
    { what: "too large as it comes", headers: {}, body: "12345678901" },
  ])("with a body $what: 413", async ({ headers, body }) => {
    const { gateway } = await openBoth({ limits: { maxBodyBytes: 10 } });
    expect(await askHttp2(await connectTo(gateway), { ":method": "POST", ":path": "/", ...headers }, body)).toMatchObject({ status: 413 });
  });

  test("with a header that is too large: 431, and the connection serves the next", async () => {
    const { gateway } = await openBoth({ limits: { maxHeaderBytes: 2_048 } });
    const session = await connectTo(gateway);
    expect(await askHttp2(session, { ":path": "/", "x-a": "a".repeat(2_048) })).toMatchObject({
      status: 431,
      body: expect.stringContaining("HEADERS_TOO_LARGE"),
    });
    expect(await askHttp2(session, { ":path": "/" })).toMatchObject({ status: 200 });
  });

  test("whose body does not come in time: 408", async () => {
    const { gateway } = await openBoth({ limits: { headersTimeoutMs: 50, requestTimeoutMs: 80 } });
    const stream = (await connectTo(gateway)).request({ ":method": "POST", ":path": "/" }, { endStream: false });
    stream.write("half");
    expect(await answerOn(stream)).toMatchObject({ status: 408, body: expect.stringContaining("REQUEST_TIMEOUT") });
  });
});

describe("what breaks", () => {
  test("a client that resets its stream lets the target go, and its other streams are not touched", async () => {
    let left: Promise<void> | undefined;
    const { gateway } = await openBoth({}, (received, response) => {
      if (received.url !== "/held") return void response.end("ok");
      left = new Promise((resolve) => response.once("close", resolve));
    });
    const session = await connectTo(gateway);
    const held = session.request({ ":path": "/held" });
    held.on("error", () => undefined);
    await until(() => left !== undefined);
    held.close(constants.NGHTTP2_CANCEL);
    await left;
    expect(await askHttp2(session, { ":path": "/" })).toMatchObject({ status: 200 });
  });

  const departures: { how: string; leave: (client: RawHttp2) => void }[] = [
    { how: "resets its stream", leave: (client) => client.write(frame("RST_STREAM", { stream: 1, payload: Buffer.from([0, 0, 0, 8]) })) },
    {
      how: "resets it as if nothing were wrong",
      leave: (client) => client.write(frame("RST_STREAM", { stream: 1, payload: Buffer.alloc(4) })),
    },
    { how: "ends its connection", leave: (client) => void client.socket.end() },
    { how: "cuts its connection", leave: (client) => void client.socket.destroy() },
    { how: "says GOAWAY and goes", leave: (client) => void client.socket.end(frame("GOAWAY", { payload: Buffer.alloc(8) })) },
  ];
  test.each(departures)("half a body is not a whole one to the target: a client that $how", async ({ leave }) => {
    const seen = { half: false, isWhole: undefined as boolean | undefined };
    const { gateway } = await openBoth({}, (received) => {
      received.once("data", () => {
        seen.half = true;
      });
      received.once("close", () => {
        seen.isWhole = received.complete;
      });
    });
    const client = await openRawHttp2(gateway.port);
    client.write(
      request(1, [[":method", "POST"], ...GOOD.slice(1)], END_HEADERS),
      frame("DATA", { stream: 1, payload: Buffer.from("half") }),
    );
    await until(() => seen.half);
    leave(client);
    await until(() => seen.isWhole !== undefined);
    expect(seen.isWhole).toBe(false);
    client.socket.destroy();
  });

  test("a client that ends its connection while it waits is let go, whatever becomes of its streams", async () => {
    const held: (() => void)[] = [];
    const { gateway } = await openBoth({}, (received, response) => {
      if (received.url === "/next") return void response.end("ok");
      held.push(held.length % 2 === 0 ? () => response.end("late") : () => response.destroy());
    });
    const client = await openRawHttp2(gateway.port);
    client.write(...[1, 3, 5, 7].map((stream) => request(stream, GOOD)));
    await until(() => held.length === 4);
    client.socket.end();
    await client.closed;
    for (const release of held) release();
    expect(await askHttp2(await connectTo(gateway), { ":path": "/next" })).toMatchObject({ status: 200 });
  });

  test("a target that breaks off in the middle of its answer is told by a reset, never by an orderly end", async () => {
    const { gateway } = await openBoth({}, (_received, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const answer = await askHttp2(await connectTo(gateway), { ":path": "/" });
    expect(answer).toMatchObject({ status: 200, body: "half", code: constants.NGHTTP2_INTERNAL_ERROR });
  });

  test("a target that cannot be reached is 502 on its stream", async () => {
    const gateway = own(
      await openTestGateway(snapshotOf([{ target: "http://127.0.0.1:1" }], { policy: { peerAddressAlgorithm: {} } }), {
        listeners: [{ port: 0, http2: true }],
      }),
    );
    expect(await askHttp2(await connectTo(gateway), { ":path": "/" })).toMatchObject({ status: 502, code: 0 });
  });

  test("a slow reader sets the pace of the target, and one that stops is cut", async () => {
    let written = 0;
    const { gateway } = await openBoth({ limits: { responseStallTimeoutMs: 200 } }, (_received, response) => {
      const chunk = Buffer.alloc(65_536);
      const more = (): void => {
        while (!response.destroyed && written < 64 * 1_048_576) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", more);
        }
      };
      more();
    });
    const client = await openRawHttp2(gateway.port);
    client.write(request(1, GOOD));
    // It never opens its window again.
    expect(await client.ended(1)).toMatchObject({ status: 200, reset: "INTERNAL_ERROR" });
    expect(written).toBeLessThan(32 * 1_048_576);
    client.socket.destroy();
  });
});

describe("the end of a connection", () => {
  test("closing the gateway lets requests in flight finish, takes no new ones, and says GOAWAY", async () => {
    let answer: (() => void) | undefined;
    const { gateway } = await openBoth({}, (_received, response) => {
      answer = () => response.end("late");
    });
    const client = await openRawHttp2(gateway.port);
    client.write(request(1, GOOD));
    await until(() => answer !== undefined);
    const closing = gateway.close();
    expect(await client.goaway).toBe("NO_ERROR");
    answer?.();
    expect(await client.ended(1)).toMatchObject({ status: 200, body: "late" });
    await client.closed;
    await closing;
  });

  test("a request that crosses with the word that the gateway closes is answered", async () => {
    const { gateway } = await openBoth({ limits: { idleGraceMs: 60_000, drainTimeoutMs: 60_000 } });
    const client = await openRawHttp2(gateway.port);
    client.write(request(1, GOOD));
    await client.ended(1);
    const closing = gateway.close();
    await client.goaway;
    client.write(request(3, GOOD));
    expect(await client.ended(3)).toMatchObject({ status: 200 });
    expect(client.lastStreams).toEqual([0x7fffffff]);
    client.socket.destroy();
    await closing;
  });

  test.each([
    { when: "behind the last of maxRequestsPerConnection", limits: { maxRequestsPerConnection: 1 } },
    { when: "on which nothing is asked", limits: { keepAliveTimeoutMs: 60 } },
  ])("a request that crosses with the word that its connection closes, $when, is answered", async ({ limits }) => {
    const { gateway } = await openBoth({ limits: { ...limits, idleGraceMs: 60_000 } });
    const client = await openRawHttp2(gateway.port);
    client.write(request(1, GOOD), request(3, GOOD));
    expect(await client.goaway).toBe("NO_ERROR");
    client.write(request(5, GOOD));
    expect(await Promise.all([1, 3, 5].map(client.ended))).toEqual([1, 3, 5].map(() => ({ status: 200, body: "GET /" })));
    expect(client.lastStreams).toEqual([0x7fffffff]);
    client.socket.destroy();
  });

  test("what is under way when a connection closes is answered, and what comes behind the last word can be sent elsewhere", async () => {
    let release: (() => void) | undefined;
    const { gateway } = await openBoth({ limits: { maxRequestsPerConnection: 2 } }, (_received, response) => {
      if (release === undefined) release = () => response.end("late");
      else response.end("ok");
    });
    const client = await openRawHttp2(gateway.port);
    client.write(request(1, GOOD));
    await until(() => release !== undefined);
    client.write(request(3, GOOD));
    await until(() => client.lastStreams.includes(3));
    const tooLate = client.ended(5);
    client.write(request(5, GOOD));
    release?.();
    expect(await client.ended(1)).toMatchObject({ status: 200, body: "late" });
    await expect(tooLate).rejects.toThrow("The connection was closed");
  });

  test("a connection on which nothing is asked is closed after keepAliveTimeoutMs, whatever else it says", async () => {
    const { gateway } = await openBoth({ limits: { keepAliveTimeoutMs: 60 } });
    const client = await openRawHttp2(gateway.port);
    client.write(request(1, GOOD));
    await client.ended(1);
    // A header that never ends is nothing asked.
    client.write(request(3, GOOD, 0).subarray(0, 20));
    await client.closed;
  });
});
