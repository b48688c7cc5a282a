import { createServer as createHttp1Server } from "node:http";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { expect, test } from "vitest";
import { withTimeEnough } from "../../../tools/patience.ts";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { answerOn, connectHttp2 } from "./rig/http2-client.ts";
import { END_HEADERS, END_STREAM, type Field, frame, literals, openRawHttp2Target, PADDED } from "./rig/http2-frames.ts";
import { listen, type OnStream, openHttp2Target } from "./rig/http2-target.ts";
import { own } from "./rig/owned.ts";
import { ask, converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

async function gatewayTo(
  url: string,
  { route = {}, ...options }: { route?: object } & Parameters<typeof openTestGateway>[1] = {},
): Promise<TestGateway> {
  return own(await openTestGateway(snapshotOf([{ targets: [{ url, http2: true }], ...route }]), options));
}

/** Answers with what it was asked, body and trailers too. */
const echo: OnStream = (stream, headers) => {
  const chunks: Buffer[] = [];
  let trailers: object = {};
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/json" });
    stream.end(JSON.stringify({ headers, trailers, body: Buffer.concat(chunks).toString("latin1") }));
  });
};

const read = (text: string) => JSON.parse(parseResponse(text).body);

test("a request arrives in HTTP/2's words: no Host, no connection, each line of a field", async () => {
  const target = await openHttp2Target(echo);
  const gateway = await gatewayTo(target.url);
  const lines = [
    "Host: shop.example",
    "X-A: 1",
    "X-A: 2",
    "Cookie: a=1",
    "Cookie: b=2",
    "TE: trailers",
    "Connection: close, X-Hop",
    "X-Hop: 1",
  ];
  const { headers, body } = read(await sendRaw(gateway.port, wire("GET /p?q=1 HTTP/1.0", ...lines)));
  expect(body).toBe("");
  expect(headers).toMatchObject({
    ":method": "GET",
    ":path": "/p?q=1",
    ":scheme": "http",
    ":authority": new URL(target.url).host,
    "x-a": "1, 2",
    cookie: "a=1; b=2",
    te: "trailers",
    "x-forwarded-host": "shop.example",
    "x-forwarded-for": "127.0.0.1",
  });
  for (const name of ["host", "connection", "x-hop"]) expect(headers).not.toHaveProperty(name);
});

test("a body passes whole, with a length or in chunks, and its trailers with it", async () => {
  const target = await openHttp2Target(echo);
  const gateway = await gatewayTo(target.url);
  const large = "x".repeat(300_000);
  const withLength = wire("PUT / HTTP/1.0", "Host: a", `Content-Length: ${large.length}`) + large;
  expect(read(await sendRaw(gateway.port, withLength)).body).toBe(large);
  const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum", "Connection: close");
  const text = await sendRaw(gateway.port, `${head}4\r\nbody\r\n0\r\n${wire("X-Sum: 42", "X-Real-IP: 6.6.6.6")}`);
  const json = JSON.parse(/\{.*\}/.exec(text)?.[0] ?? "");
  expect(json).toMatchObject({ body: "body", trailers: { "x-sum": "42" } });
  expect(json.trailers).not.toHaveProperty("x-real-ip");
});

const oddNames: { sent: string[]; arrive: Record<string, string> }[] = [
  { sent: ["ETag: 1", "etag: 2"], arrive: { etag: "1, 2" } },
  { sent: ["User-Agent: 1", "user-agent: 2"], arrive: { "user-agent": "1, 2" } },
  { sent: ["Constructor: 1", "toString: 2", "valueOf: 3"], arrive: { constructor: "1", tostring: "2", valueof: "3" } },
  { sent: ["X-A: 1", "x-a: 2", "X-A: 3"], arrive: { "x-a": "1, 2, 3" } },
];

test.each(oddNames)("trailers $sent arrive as $arrive, and the gateway goes on", async ({ sent, arrive }) => {
  const target = await openHttp2Target(echo);
  const gateway = await gatewayTo(target.url);
  const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: ETag", "Connection: close");
  const text = await sendRaw(gateway.port, `${head}4\r\nbody\r\n0\r\n${wire(...sent)}`);
  expect(JSON.parse(/\{.*\}/.exec(text)?.[0] ?? "")).toMatchObject({ body: "body", trailers: arrive });
});

test("a field may have a name that JavaScript's objects have too", async () => {
  const target = await openHttp2Target(echo);
  const gateway = await gatewayTo(target.url);
  const lines = ["Host: a", "Constructor: 1", "hasOwnProperty: 2", "Connection: close"];
  const { headers } = read(await sendRaw(gateway.port, wire("GET / HTTP/1.0", ...lines)));
  expect(headers).toMatchObject({ constructor: "1", hasownproperty: "2" });
});

const answers: { what: string; method?: string; answer: OnStream; status: number; body: string; has?: RegExp; lacks?: RegExp }[] = [
  {
    what: "an answer with two cookies and bytes above 0x7f",
    answer: (stream) => {
      stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"], "x-a": "\xe4" });
      stream.end("ok");
    },
    status: 200,
    body: "ok",
    has: /^HTTP\/1\.1 200 OK\r\n[\s\S]*set-cookie: a=1\r\nset-cookie: b=2\r\n[\s\S]*x-a: \xe4\r\n/,
    lacks: /:status/,
  },
  {
    what: "an answer to HEAD",
    method: "HEAD",
    answer: (stream) => stream.respond({ ":status": 200, "content-length": "5" }, { endStream: true }),
    status: 200,
    body: "",
    has: /content-length: 5/,
  },
  {
    what: "a 204",
    answer: (stream) => stream.respond({ ":status": 204 }, { endStream: true }),
    status: 204,
    body: "",
    lacks: /content-length|transfer-encoding/i,
  },
  {
    what: "a 304",
    answer: (stream) => stream.respond({ ":status": 304, etag: '"1"' }, { endStream: true }),
    status: 304,
    body: "",
    has: /etag: "1"/,
  },
  {
    what: "a body that is shorter than its length",
    answer: (stream) => {
      stream.respond({ ":status": 200, "content-length": "10" });
      stream.end("half");
    },
    status: 200,
    body: "half",
  },
  {
    what: "a header of 17 KiB",
    answer: (stream) => {
      stream.respond({ ":status": 200, "x-a": "a".repeat(17 * 1024) });
      stream.end("ok");
    },
    status: 502,
    body: "UPSTREAM_BROKEN",
  },
  {
    what: "a header of 129 fields",
    answer: (stream) => {
      stream.respond({ ":status": 200, ...Object.fromEntries(Array.from({ length: 128 }, (_, index) => [`x-${index}`, "1"])) });
      stream.end("ok");
    },
    status: 502,
    body: "UPSTREAM_BROKEN",
  },
  { what: "a stream that is reset", answer: (stream) => stream.close(2), status: 502, body: "UPSTREAM_BROKEN" },
  { what: "a connection that is cut", answer: (stream) => stream.session?.destroy(), status: 502, body: "UPSTREAM_BROKEN" },
  {
    what: "sixteen interim responses and one",
    answer: (stream) => {
      for (let count = 0; count < 17; count += 1) stream.additionalHeaders({ ":status": 102 });
      stream.respond({ ":status": 200 });
      stream.end("ok");
    },
    status: 502,
    body: "UPSTREAM_BROKEN",
  },
  {
    what: "early hints",
    answer: (stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a>; rel=preload" });
      stream.respond({ ":status": 200 });
      stream.end("ok");
    },
    status: 200,
    body: "ok",
  },
];

test.each(answers)("$what: $status", async ({ method = "GET", answer, status, body, has, lacks }) => {
  const target = await openHttp2Target(answer);
  const gateway = await gatewayTo(target.url, { route: { retries: { max: 0 } } });
  const text = await sendRaw(gateway.port, wire(`${method} / HTTP/1.0`, "Host: a"));
  expect(parseResponse(text).status).toBe(status);
  expect(parseResponse(text).body).toContain(body);
  if (status !== 502) expect(parseResponse(text).body).toBe(body);
  if (has) expect(text).toMatch(has);
  if (lacks) expect(text).not.toMatch(lacks);
});

test("trailers of an answer reach a client of HTTP/1.1, and early hints one of HTTP/2", async () => {
  const target = await openHttp2Target((stream) => {
    stream.additionalHeaders({ ":status": 103, link: "</a>; rel=preload" });
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "set-cookie": "a=1" }));
    stream.end("ok");
  });
  const gateway = await gatewayTo(target.url, { listeners: [{ port: 0 }, { port: 0, http2: true }] });
  const text = await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a", "Connection: close"));
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text).toMatch(/\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\n\r\n$/);
  const session = await connectHttp2(`http://127.0.0.1:${portOf(gateway, 1)}`);
  const asked = session.request({ ":path": "/", ":authority": "a" });
  const hinted = new Promise((resolve) => asked.once("headers", resolve));
  expect(await answerOn(asked)).toMatchObject({ status: 200, trailers: { "grpc-status": "0" } });
  expect(await hinted).toMatchObject({ ":status": 103, link: "</a>; rel=preload" });
  session.destroy();
});

test.each([
  { what: "a body that turns out too long", body: "b\r\nhello world\r\n0\r\n\r\n", status: 413, code: "REQUEST_BODY_TOO_LARGE" },
  { what: "too many trailers", body: `1\r\nx\r\n0\r\n${"a:1\r\n".repeat(11)}\r\n`, status: 431, code: "TOO_MANY_HEADER_FIELDS" },
])("$what is the client's fault: $status, the target gets no whole request and no blame", async ({ body, status, code }) => {
  let isWhole = false;
  const target = await openHttp2Target((stream) => {
    stream.resume().once("end", () => {
      isWhole ||= !stream.aborted && stream.rstCode === 0;
    });
  });
  const gateway = await gatewayTo(target.url, { limits: { maxBodyBytes: 10, maxHeaderFields: 10 } });
  const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked");
  const answer = parseResponse(await sendRaw(gateway.port, `${head}${body}`));
  expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([status, code]);
  expect(gateway.targetStates()).toMatchObject([{ open: 0, failuresInRow: 0 }]);
  expect(isWhole).toBe(false);
});

const header = (stream: number, ...fields: Field[]) =>
  frame("HEADERS", { flags: END_HEADERS, stream, payload: literals([[":status", "200"], ...fields]) });
const data = (stream: number, text: string) => frame("DATA", { stream, payload: Buffer.from(text) });
const reset = (stream: number) => frame("RST_STREAM", { stream, payload: Buffer.alloc(4) });

const halves: { what: string; answer: (stream: number) => Buffer[] }[] = [
  { what: "behind its header", answer: (stream) => [header(stream), reset(stream)] },
  { what: "in its body", answer: (stream) => [header(stream), data(stream, "half"), reset(stream)] },
  {
    what: "in a body whose length it has said",
    answer: (stream) => [header(stream, ["content-length", "8"]), data(stream, "half"), reset(stream)],
  },
];

test.each(halves)("an answer that the target resets $what, without an error, is no whole one", async ({ answer }) => {
  const target = own(await openRawHttp2Target(answer));
  const gateway = await gatewayTo(target.url);
  const text = await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a", "Connection: close"));
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
});

test.each(["099", "600"])("a status of %s is no answer: 502", async (status) => {
  const flags = END_HEADERS | END_STREAM;
  const target = own(await openRawHttp2Target((stream) => [frame("HEADERS", { flags, stream, payload: literals([[":status", status]]) })]));
  const gateway = await gatewayTo(target.url);
  expect(await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a", "Connection: close"))).toMatch(/^HTTP\/1\.1 502 /);
});

const WHOLE = END_HEADERS | END_STREAM;
const broken = /^HTTP\/1\.1 502 [\s\S]*UPSTREAM_BROKEN/;
const breaches: { what: string; says: (stream: number) => Buffer[]; answer?: RegExp }[] = [
  { what: "data on no stream", says: () => [data(0, "x")] },
  { what: "data before a header", says: (stream) => [data(stream, "x")] },
  { what: "data on a stream that nobody has opened", says: (stream) => [data(stream + 10, "x")] },
  { what: "a header that is no HPACK", says: (stream) => [frame("HEADERS", { flags: WHOLE, stream, payload: Buffer.alloc(6, 0xff) })] },
  { what: "a header on a stream that nobody has opened", says: (stream) => [header(stream + 10)] },
  { what: "a ping within a header", says: (stream) => [frame("HEADERS", { stream }), frame("PING", { payload: Buffer.alloc(8) })] },
  { what: "a ping of three bytes", says: () => [frame("PING", { payload: Buffer.alloc(3) })] },
  { what: "a frame that is too large", says: (stream) => [data(stream, "x".repeat(20_000))] },
  { what: "settings of five bytes", says: () => [frame("SETTINGS", { payload: Buffer.alloc(5) })] },
  { what: "a setting that there is not", says: () => [frame("SETTINGS", { payload: Buffer.from("000200000009", "hex") })] },
  { what: "a continuation of nothing", says: (stream) => [frame("CONTINUATION", { stream })] },
  { what: "a push", says: (stream) => [frame("PUSH_PROMISE", { flags: END_HEADERS, stream, payload: Buffer.alloc(8, 2) })] },
  { what: "HTTP/1.1", says: () => [Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")] },
  {
    what: "padding longer than its frame, behind a header",
    says: (stream) => [header(stream), frame("DATA", { flags: PADDED, stream, payload: Buffer.from([200, 1, 2]) })],
    answer: /^HTTP\/1\.1 200 (?![\s\S]*\r\n0\r\n\r\n$)/,
  },
];

test.each(breaches)("a target that says $what is not waited for, and loses its connection", async ({ says, answer = broken }) => {
  let asked = 0;
  const target = own(
    await openRawHttp2Target((stream) => {
      asked += 1;
      return asked === 1 ? says(stream) : [frame("HEADERS", { flags: WHOLE, stream, payload: literals([[":status", "204"]]) })];
    }),
  );
  const gateway = await gatewayTo(target.url);
  const get = () => sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a", "Connection: close"));
  expect(await get()).toMatch(answer);
  expect(await get()).toMatch(/^HTTP\/1\.1 204 /);
});

test("the last that a target says before it ends is heard", async () => {
  const target = await openHttp2Target((stream) => {
    stream.respond({ ":status": 200 });
    stream.end("x".repeat(200_000));
    stream.session?.close();
  });
  const gateway = await gatewayTo(target.url);
  for (let time = 0; time < 5; time += 1) expect(await (await fetch(gateway.url)).text()).toHaveLength(200_000);
});

test("a target that does not take the body is one that does not answer: 504, though the client has sent all of it", async () => {
  const server = createServer({ settings: { initialWindowSize: 0 } }, (request, response) => {
    if (request.method === "GET") response.end("here");
  });
  own({ close: async () => void server.close() });
  const url = await listen(server);
  await withTimeEnough(100, async (upstreamHeadersTimeoutMs) => {
    const gateway = await gatewayTo(url, { limits: { upstreamHeadersTimeoutMs } });
    // The next request finds a connection on which the window is known.
    expect(await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a", "Connection: close"))).toContain("200 OK");
    const put = `${wire("PUT / HTTP/1.1", "Host: a", "Content-Length: 4", "Connection: close")}body`;
    expect(await sendRaw(gateway.port, put)).toMatch(/^HTTP\/1\.1 504 [\s\S]*UPSTREAM_TIMEOUT/);
  });
});

test("100 Continue is the target's to say", async () => {
  // Node looks for expectations only where somebody listens for requests too.
  const server = createServer(() => undefined);
  server.on("checkContinue", (request, response) => {
    response.writeContinue();
    request.on("data", (chunk) => response.end(`read ${chunk}`));
  });
  const url = await listen(server);
  const gateway = await gatewayTo(url);
  own({ close: async () => void server.close() });
  const client = await converse(gateway.port);
  client.write(wire("PUT / HTTP/1.1", "Host: a", "Content-Length: 4", "Expect: 100-continue"));
  await client.readUntil(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  client.write("body");
  await client.readUntil(/read body/);
  client.socket.destroy();
});

test("a target that says 100 Continue twice gets the body once, and one that does not stop is 502", async () => {
  const server = createServer(() => undefined);
  server.on("checkContinue", (request, response) => {
    const times = request.url === "/twice" ? 2 : 40;
    for (let index = 0; index < times; index += 1) response.writeContinue();
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => response.end(`read ${body}`));
  });
  const gateway = await gatewayTo(await listen(server));
  own({ close: async () => void server.close() });
  const put = (path: string): Promise<string> => {
    const header = wire(`PUT ${path} HTTP/1.1`, "Host: a", "Content-Length: 4", "Expect: 100-continue", "Connection: close");
    return sendRaw(gateway.port, `${header}body`);
  };
  expect(await put("/twice")).toMatch(/read body/);
  expect(await put("/on-and-on")).toMatch(/HTTP\/1\.1 502 [\s\S]*UPSTREAM_BROKEN/);
});

test("requests at the same time share a connection, and no more than the target allows", async () => {
  const waiting: ServerHttp2Stream[] = [];
  const target = await openHttp2Target((stream) => void waiting.push(stream), { maxConcurrentStreams: 4 });
  const gateway = await gatewayTo(target.url);
  const post = () => sendRaw(gateway.port, `${wire("POST / HTTP/1.0", "Host: a", "Content-Length: 1")}x`);
  const first = post();
  await until(() => waiting.length === 1);
  const others = Array.from({ length: 7 }, post);
  await until(() => waiting.length === 8);
  expect(target.sessions.size).toBe(2);
  for (const stream of waiting) {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  }
  for (const text of await Promise.all([first, ...others])) expect(text).toMatch(/ok$/);
});

test("short answers without a length are whole, however close their body follows the header", async () => {
  const target = await openHttp2Target((stream, headers) => {
    stream.respond({ ":status": 200 });
    stream.end(`answer ${headers[":path"]}`);
  });
  const gateway = await gatewayTo(target.url);
  let asked = 0;
  const worker = async (): Promise<void> => {
    while (asked < 300) {
      asked += 1;
      const path = `/${asked}`;
      expect(await (await fetch(`${gateway.url}${path}`)).text()).toBe(`answer ${path}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
});

test("a target that says goodbye politely costs nobody an answer", async () => {
  let served = 0;
  const target = await openHttp2Target((stream) => {
    served += 1;
    // goodbye on each fifth request, which is answered after it
    if (served % 5 === 0) stream.session?.close();
    stream.resume();
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
  });
  const gateway = await gatewayTo(target.url);
  for (let round = 0; round < 10; round += 1) {
    const posts = Array.from({ length: 6 }, () => sendRaw(gateway.port, `${wire("POST / HTTP/1.0", "Host: a", "Content-Length: 1")}x`));
    for (const text of await Promise.all(posts)) expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok$/);
  }
  expect(served).toBe(60);
});

test("a body that the target has not looked at goes out once more, whole", async () => {
  let asked = 0;
  let refusedAfterBytes = 0;
  const bodies: string[] = [];
  const target = await openHttp2Target((stream) => {
    asked += 1;
    const isFirst = asked === 1;
    let body = "";
    stream.on("data", (chunk: Buffer) => {
      body += chunk.toString();
      if (isFirst && body.length > refusedAfterBytes) stream.close(7);
    });
    stream.on("end", () => {
      if (isFirst) return;
      bodies.push(body);
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
  });
  const gateway = await gatewayTo(target.url);
  const client = await converse(gateway.port);
  client.write(`${wire("POST / HTTP/1.1", "Host: a", "Content-Length: 8")}half`);
  await until(() => asked === 2);
  client.write("more");
  await client.readUntil(/ok/);
  client.socket.destroy();
  expect(bodies).toEqual(["halfmore"]);

  // in thousands of pieces, of which most wait for one another
  const letters = Array.from({ length: 2_000 }, (_, index) => String.fromCharCode(97 + (index % 26)));
  for (refusedAfterBytes of [0, 10, 100]) {
    asked = 0;
    const chunks = letters.map((letter) => `1\r\n${letter}\r\n`).join("");
    const sent = `${wire("POST / HTTP/1.1", "Host: a", "Connection: close", "Transfer-Encoding: chunked")}${chunks}0\r\n\r\n`;
    expect(await sendRaw(gateway.port, sent)).toMatch(/^HTTP\/1\.1 200 /);
    expect(bodies.at(-1)).toBe(letters.join(""));
  }

  // more than is kept of it
  asked = 0;
  refusedAfterBytes = 100_000;
  const long = `${wire("POST / HTTP/1.0", "Host: a", "Content-Length: 200000")}${"x".repeat(200_000)}`;
  expect(await sendRaw(gateway.port, long)).toMatch(/^HTTP\/1\.1 502 [\s\S]*UPSTREAM_BROKEN/);
  expect(asked).toBe(1);
});

test("a stream that the target has refused goes out once more, whatever its method", async () => {
  let asked = 0;
  const target = await openHttp2Target((stream) => {
    asked += 1;
    if (asked === 1) return stream.close(7);
    stream.respond({ ":status": 200 });
    stream.end("ok");
  });
  const gateway = await gatewayTo(target.url);
  expect((await ask(gateway.port, "POST / HTTP/1.1", "Host: a", "Content-Length: 0")).status).toBe(200);
  expect(asked).toBe(2);
});

test("clients that leave with much unread let their streams go, and the connection has room again", async () => {
  let opened = 0;
  let left = 0;
  const target = await openHttp2Target(
    (stream, headers) => {
      stream.respond({ ":status": 200 });
      if (headers[":path"] === "/quick") return void stream.end("ok");
      opened += 1;
      stream.on("close", () => {
        left += 1;
      });
      // more than the gateway takes ahead of its reader
      stream.write(Buffer.alloc(512 * 1024));
    },
    { maxConcurrentStreams: 2 },
  );
  const gateway = await gatewayTo(target.url);
  for (let round = 1; round <= 6; round += 1) {
    const client = await converse(gateway.port);
    client.socket.pause();
    client.write(wire("GET /much HTTP/1.1", "Host: a"));
    await until(() => opened === round);
    client.socket.destroy();
    await until(() => left === round);
    expect((await ask(gateway.port, "GET /quick HTTP/1.1", "Host: a")).status).toBe(200);
  }
  expect(target.sessions.size).toBe(1);
});

test("a client that leaves takes its stream with it, and the connection stays", async () => {
  let isLeft = false;
  let isAsked = false;
  const records: ExchangeRecord[] = [];
  const target = await openHttp2Target((stream) => {
    isAsked = true;
    stream.respond({ ":status": 200 });
    stream.write("a part");
    stream.on("close", () => {
      isLeft = true;
    });
  });
  const gateway = await gatewayTo(target.url, { onExchange: (record) => records.push(record) });
  const client = await converse(gateway.port);
  client.write(wire("GET / HTTP/1.1", "Host: a"));
  await client.readUntil(/a part/);
  client.socket.destroy();
  await until(() => isAsked && isLeft && records.length === 1);
  expect(target.sessions.size).toBe(1);
  expect(gateway.targetStates()).toMatchObject([{ open: 0, failuresInRow: 0 }]);
});

test("no answer in time: 504, and the next request does not wait on the same connection", async () => {
  await withTimeEnough(50, async (upstreamHeadersTimeoutMs) => {
    let asked = 0;
    const target = await openHttp2Target((stream) => {
      asked += 1;
      if (asked === 1) return;
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
    const gateway = await gatewayTo(target.url, { limits: { upstreamHeadersTimeoutMs } });
    expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(504);
    expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(200);
  });
});

test("a target that is away, or speaks only HTTP/1.1, answers 502", async () => {
  const http1 = createHttp1Server((_request, response) => response.end("no"));
  const url = await listen(http1);
  own({ close: async () => void http1.close() });
  expect((await ask((await gatewayTo(url)).port, "GET / HTTP/1.1", "Host: a")).body).toMatch(/UPSTREAM_BROKEN/);
  const gone = await openHttp2Target(echo);
  await gone.close();
  expect((await ask((await gatewayTo(gone.url)).port, "GET / HTTP/1.1", "Host: a")).body).toMatch(/UPSTREAM_REFUSED/);
});

test("a field that HTTP/2 takes only once, twice: 400 and no fault of the target", async () => {
  const target = await openHttp2Target(echo);
  const gateway = await gatewayTo(target.url);
  const response = await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "User-Agent: one", "User-Agent: two");
  expect([response.status, JSON.parse(response.body).error.code]).toEqual([400, "REQUEST_FIELD_REPEATED"]);
  expect(gateway.targetStates()).toMatchObject([{ open: 0, failuresInRow: 0 }]);
});

/** More than all windows and buffers between the two ends hold together. */
const FAR_TOO_MUCH_BYTES = 32 * 1024 * 1024;

test("a client that does not read holds back its own stream, and nobody else's", async () => {
  let written = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const target = await openHttp2Target((stream, headers) => {
    stream.respond({ ":status": 200 });
    if (headers[":path"] !== "/endless") return void stream.end("ok");
    const more = (): void => {
      while (written < FAR_TOO_MUCH_BYTES) {
        written += chunk.length;
        if (!stream.write(chunk)) return void stream.once("drain", more);
      }
      stream.end();
    };
    more();
  });
  const gateway = await gatewayTo(target.url);
  const slow = await converse(gateway.port);
  slow.socket.pause();
  slow.write(wire("GET /endless HTTP/1.1", "Host: a", "Connection: close"));
  let seen = -1;
  while (seen !== written || written === 0) {
    seen = written;
    expect((await ask(gateway.port, "GET /quick HTTP/1.1", "Host: a")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(written).toBeLessThan(FAR_TOO_MUCH_BYTES);
  expect(target.sessions.size).toBe(1);
  slow.socket.removeAllListeners("data");
  let read = 0;
  slow.socket.on("data", (part: Buffer) => {
    read += part.length;
  });
  slow.socket.resume();
  await slow.closed;
  expect(read).toBeGreaterThan(FAR_TOO_MUCH_BYTES);
});
