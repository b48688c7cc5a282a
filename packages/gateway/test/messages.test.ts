import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { answerOn, connectHttp2 } from "./rig/http2-client.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { openTarget } from "./rig/target.ts";
import { converse, sendRaw, until, wire } from "./rig/wire.ts";

async function gatewayTo(origin: string, options: Parameters<typeof openTestGateway>[1] = {}): Promise<TestGateway> {
  return own(await openTestGateway(snapshotOf([{ target: origin }]), options));
}

const done = wire("HTTP/1.1 200 OK", "Content-Length: 2");

describe("Expect: 100-continue (RFC 9110 §10.1.1)", () => {
  const asking = wire("PUT /x HTTP/1.1", "Host: a", "Content-Length: 4", "Expect: 100-continue");

  test("goes to the target, and its 100 to the client, before a byte of the body", async () => {
    const target = await openRawTarget((socket, heard) => {
      if (heard.endsWith("\r\n\r\n")) socket.write(wire("HTTP/1.1 100 Continue"));
      if (heard.endsWith("body")) socket.end(`${done}ok`);
    });
    const gateway = await gatewayTo(target.origin);
    const client = await converse(gateway.port);
    client.write(asking);
    expect(await client.readUntil(/\r\n\r\n/)).toBe(wire("HTTP/1.1 100 Continue"));
    expect(target.heard[0]).toMatch(/\r\nExpect: 100-continue\r\n/i);
    expect(target.heard[0]).toMatch(/\r\n\r\n$/);
    client.write("body");
    expect(await client.readUntil(/ok$/)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(target.heard[0]).toMatch(/\r\n\r\nbody$/);
    client.socket.destroy();
  });

  test("a final answer comes in its place, and the connection ends: whether a body follows is not known", async () => {
    const target = await openRawTarget((socket) => socket.end(`${wire("HTTP/1.1 401 No", "Content-Length: 2")}no`));
    const gateway = await gatewayTo(target.origin);
    const client = await converse(gateway.port);
    client.write(`${asking}${wire("GET /smuggled HTTP/1.1", "Host: a")}`);
    const answer = await client.readUntil(/no$/);
    expect(answer).toMatch(/^HTTP\/1\.1 401 No\r\n/);
    expect(answer).toMatch(/\r\nConnection: close\r\n/i);
    await client.closed;
    expect(target.heard.join("")).not.toContain("smuggled");
  });

  test("a target that knows no expectation gets the body after continueTimeoutMs", async () => {
    const target = await openRawTarget((socket, heard) => {
      if (heard.endsWith("body")) socket.end(`${done}ok`);
    });
    const gateway = await gatewayTo(target.origin, { limits: { continueTimeoutMs: 30 } });
    const client = await converse(gateway.port);
    client.write(asking);
    expect(await client.readUntil(/\r\n\r\n/)).toBe(wire("HTTP/1.1 100 Continue"));
    client.write("body");
    await client.readUntil(/ok$/);
    client.socket.destroy();
  });

  test("a target that says 100 twice gets the body once", async () => {
    const target = await openRawTarget((socket, heard) => {
      if (heard.endsWith("\r\n\r\n")) socket.write(wire("HTTP/1.1 100 Continue").repeat(2));
      if (heard.endsWith("body")) socket.end(`${done}ok`);
    });
    const gateway = await gatewayTo(target.origin);
    const client = await converse(gateway.port);
    client.write(`${asking}body`);
    expect(await client.readUntil(/ok$/)).toMatch(/HTTP\/1\.1 200 OK/);
    expect(target.heard[0]).toMatch(/\r\n\r\nbody$/);
    client.socket.destroy();
  });

  test("a target that says 100 without end is one that says 102 without end: 502", async () => {
    const target = await openRawTarget((socket, heard) => {
      if (heard.endsWith("\r\n\r\n")) socket.write(wire("HTTP/1.1 100 Continue").repeat(17));
    });
    const gateway = await gatewayTo(target.origin);
    expect(await sendRaw(gateway.port, asking)).toMatch(/\r\nHTTP\/1\.1 502 [\s\S]*UPSTREAM_BROKEN/);
    await until(() => target.sockets.size === 0);
  });

  test("a target that does not take the body is one that does not answer: 504", async () => {
    const target = await openRawTarget((socket) => socket.pause());
    const gateway = await gatewayTo(target.origin, { limits: { continueTimeoutMs: 10, upstreamHeadersTimeoutMs: 200 } });
    const client = await converse(gateway.port);
    client.write(wire("PUT /x HTTP/1.1", "Host: a", "Content-Length: 100000000", "Expect: 100-continue"));
    const chunk = Buffer.alloc(1_000_000);
    const more = (): void => void (client.socket.writable && client.socket.write(chunk, more));
    await client.readUntil(/100 Continue/);
    more();
    expect(await client.readUntil(/UPSTREAM/)).toMatch(/^HTTP\/1\.1 504 [\s\S]*UPSTREAM_TIMEOUT/);
    client.socket.destroy();
  });

  test("a client that leaves while the target says nothing harms nobody", async () => {
    const target = await openRawTarget((socket, heard) => {
      if (heard.startsWith("GET ")) socket.end(`${done}ok`);
    });
    const gateway = await gatewayTo(target.origin);
    const client = await converse(gateway.port);
    client.write(asking);
    await until(() => target.heard.length > 0);
    client.socket.destroy();
    expect(await sendRaw(gateway.port, wire("GET /x HTTP/1.1", "Host: a", "Connection: close"))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test("without a body there is nothing to wait for", async () => {
    const target = own(await openTarget());
    const gateway = await gatewayTo(target.origin);
    const text = await sendRaw(gateway.port, wire("GET /x HTTP/1.1", "Host: a", "Expect: 100-continue", "Connection: close"));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test("another expectation is answered 417 and the target is not asked", async () => {
    const target = own(await openTarget());
    const gateway = await gatewayTo(target.origin);
    const text = await sendRaw(gateway.port, wire("PUT /x HTTP/1.1", "Host: a", "Content-Length: 0", "Expect: a-miracle"));
    expect(text).toMatch(/^HTTP\/1\.1 417 /);
    expect(target.received).toEqual([]);
  });

  test("a target that is away answers 502 and costs the client no body", async () => {
    const gone = await openTarget();
    await gone.close();
    const gateway = await gatewayTo(gone.origin);
    expect(await sendRaw(gateway.port, asking)).toMatch(/^HTTP\/1\.1 502 [\s\S]*UPSTREAM_REFUSED/);
  });
});

const hints = wire("HTTP/1.1 103 Early Hints", "Link: </a.css>; rel=preload, </b.js>; rel=preload", "X-Other: 1");
const noLink = wire("HTTP/1.1 103 Early Hints", "Link: not one");
const working = wire("HTTP/1.1 102 Processing");

const interims = [
  { what: "links of a 103", says: hints },
  { what: "a 103 without a link that is one", says: noLink },
  { what: "a 102", says: working },
  { what: "sixteen of them", says: (working + hints).repeat(8) },
];

// Who does not ask for one may take it for the answer: nginx 1.22 and Caddy 2.6 do.
test.each(interims)("of interim responses, $what: nothing goes to HTTP/1 before the final one", async ({ says }) => {
  const target = await openRawTarget((socket) => socket.end(`${says}${done}ok`));
  const gateway = await gatewayTo(target.origin);
  for (const version of ["1.0", "1.1"]) {
    const text = await sendRaw(gateway.port, wire(`GET / HTTP/${version}`, "Host: a", "Connection: close"));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  }
});

test("over HTTP/2 the links of each 103 go before the final one, and nothing of the others", async () => {
  const target = await openRawTarget((socket) => socket.end(`${hints}${wire("HTTP/1.1 103 Early Hints")}${working}${hints}${done}ok`));
  const gateway = await gatewayTo(target.origin, { listeners: [{ port: 0, http2: true }] });
  const session = await connectHttp2(gateway.url);
  const stream = session.request({ ":path": "/", ":authority": "a" });
  const heard: unknown[] = [];
  stream.on("headers", (fields) => heard.push([fields[":status"], fields["link"], fields["x-other"]]));
  expect(await answerOn(stream)).toMatchObject({ status: 200, body: "ok" });
  const link = "</a.css>; rel=preload, </b.js>; rel=preload";
  expect(heard).toEqual([
    [103, link, undefined],
    [103, link, undefined],
  ]);
  session.destroy();
});

test.each([
  { way: "over a connection of the pool", lines: [], trailers: "" },
  { way: "over one of its own", lines: ["Trailer: X-Sum"], trailers: "X-Sum: 1\r\n" },
])("an extension of a chunk goes no further than the gateway, $way", async ({ lines, trailers }) => {
  const target = await openRawTarget((socket, heard) => {
    if (/\r\n0\r\n(?:[^\r]+\r\n)*\r\n$/.test(heard)) socket.end(`${done}ok`);
  });
  const gateway = await gatewayTo(target.origin);
  const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", ...lines, "Connection: close");
  const text = await sendRaw(gateway.port, `${head}4;name=value;other="a b"\r\nbody\r\n0;last\r\n${trailers}\r\n`);
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(target.heard[0]?.split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(`4\r\nbody\r\n0\r\n${trailers}\r\n`);
});

describe("trailers of a request", () => {
  const chunks = "4\r\nbody\r\n0\r\n";
  const rows = [
    { sent: ["X-Sum: 42"], announced: "X-Sum", arrive: ["X-Sum: 42"] },
    { sent: ["X-Sum: 42", "x-sum: 43"], announced: "x-sum", arrive: ["X-Sum: 42", "x-sum: 43"] },
    // who the client is, how the message is framed, and what is about one connection
    { sent: ["X-Forwarded-For: 6.6.6.6", "X-Sum: 1"], announced: "X-Forwarded-For, X-Sum", arrive: ["X-Sum: 1"] },
    { sent: ["X_Real_IP: 6.6.6.6", "X-Sum: 1"], announced: "X_Real_IP, X-Sum", arrive: ["X-Sum: 1"] },
    // the same behind CGI, where `_` and `.` are a hyphen
    { sent: ["content_length: 9", "Transfer.Encoding: x", "X-Sum: 1"], announced: "content_length, X-Sum", arrive: ["X-Sum: 1"] },
    { sent: ["set_cookie: a=1", "HTTP2_Settings: x", "X-Sum: 1"], announced: "X-Sum", arrive: ["X-Sum: 1"] },
    { sent: ["Host: b", "Cookie: c", "Authorization: d", "X-Sum: 1"], announced: "X-Sum", arrive: ["X-Sum: 1"] },
    { sent: ["Connection: X-Sum", "X-Sum: 1", "Keep-Alive: x", "X-Y: 2"], announced: "X-Sum, X-Y", arrive: ["X-Y: 2"] },
    { sent: [], announced: "X-Sum", arrive: [] },
  ];

  test.each(rows)("$sent, announced as $announced: $arrive arrive", async ({ sent, announced, arrive }) => {
    const target = await openRawTarget((socket, heard) => {
      if (/\r\n0\r\n([\s\S]+\r\n)?\r\n$/.test(heard)) socket.end(`${done}ok`);
    });
    const gateway = await gatewayTo(target.origin);
    const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", `Trailer: ${announced}`, "Connection: close");
    const text = await sendRaw(gateway.port, `${head}${chunks}${wire(...sent)}`.replace(/0\r\n\r\n\r\n$/, "0\r\n\r\n"));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const heard = target.heard.join("");
    expect(heard).not.toMatch(/^Trailer: .*(?:forwarded|real|length)/im);
    expect(heard).toMatch(/\r\n4\r\nbody\r\n0\r\n/);
    const trailers = heard.slice(heard.lastIndexOf("\r\n0\r\n") + 5).split("\r\n");
    expect(trailers.filter((line) => line !== "")).toEqual(arrive);
  });

  test("that were not announced are dropped, and those of a body with a length cannot be", async () => {
    const target = own(await openTarget());
    const gateway = await gatewayTo(target.origin);
    const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Connection: close");
    expect(await sendRaw(gateway.port, `${head}${chunks}${wire("X-Sum: 42")}`)).toMatch(/200 OK/);
    expect(target.received).toMatchObject([{ body: "body" }]);
    const withLength = wire("POST / HTTP/1.1", "Host: a", "Content-Length: 4", "Trailer: X-Sum", "Connection: close");
    expect(await sendRaw(gateway.port, `${withLength}body`)).toMatch(/200 OK/);
    expect(target.received[1]?.fields.map((name) => name.toLowerCase())).not.toContain("trailer");
  });

  test("a target that answers badly, leaves or is silent fails as for any request", async () => {
    const says: ((socket: Socket) => void)[] = [
      (socket) => socket.end("hello\r\n\r\n"),
      (socket) => socket.destroy(),
      (socket) => socket.end(wire("HTTP/1.1 101 Switching Protocols", "Connection: upgrade", "Upgrade: x")),
      (socket) => socket.end(wire("HTTP/1.1 200 OK", "Content-Length: 1", "Transfer-Encoding: chunked")),
      (socket) => socket.end(wire("HTTP/1.1 200 OK", `X-A: ${"a".repeat(17 * 1024)}`)),
      (socket) => socket.end(working.repeat(17)),
    ];
    for (const say of says) {
      const target = await openRawTarget(say);
      const gateway = await gatewayTo(target.origin);
      const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum", "Connection: close");
      expect(await sendRaw(gateway.port, `${head}${chunks}${wire("X-Sum: 42")}`)).toMatch(/^HTTP\/1\.1 502 [\s\S]*UPSTREAM_BROKEN/);
      await until(() => target.sockets.size === 0);
    }
    const silent = await openRawTarget(() => undefined);
    const gateway = await gatewayTo(silent.origin, { limits: { upstreamHeadersTimeoutMs: 30 } });
    const head = wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum", "Connection: close");
    expect(await sendRaw(gateway.port, `${head}${chunks}${wire("X-Sum: 42")}`)).toMatch(/^HTTP\/1\.1 504 [\s\S]*UPSTREAM_TIMEOUT/);
    await until(() => silent.sockets.size === 0);
  });
});
