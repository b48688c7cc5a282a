import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, namesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { ask, parseResponse, sendRaw, wire } from "./rig/wire.ts";

const trusting = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } };

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  const routes = [
    { target: target.origin, basePath: "/" },
    { target: target.origin, basePath: "/append", forwardedHeaders: "append" },
  ];
  gateway = await openTestGateway(snapshotOf(routes, { policy: trusting }), { peerOf: () => peer });
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

let peer: string | undefined = "127.0.0.1";

async function received(path: string, ...lines: string[]): Promise<Received> {
  const { status } = await ask(gateway.port, `GET ${path} HTTP/1.1`, "Host: shop.example:8443", ...lines);
  expect(status).toBe(200);
  return target.received.at(-1) as Received;
}

const claims = [
  "X-Forwarded-For: 192.0.2.66",
  "x-forwarded-for: 192.0.2.66",
  "X_Forwarded_For: 192.0.2.66",
  "X.Forwarded.For: 192.0.2.66",
  "X-Forwarded_For: 192.0.2.66",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Proto: gopher",
  "X-Forwarded-Port: 1",
  "X-Forwarded-Server: evil",
  "X-Forwarded: for=192.0.2.66",
  "X-Forwarded-Client-Cert: By=evil",
  "Forwarded: for=192.0.2.66;host=evil.example",
  "FORWARDED: for=192.0.2.66",
  "X-Real-IP: 192.0.2.66",
  "X_REAL_IP: 192.0.2.66",
  "True-Client-IP: 192.0.2.66",
  "CF-Connecting-IP: 192.0.2.66",
  "CF-Connecting-IPv6: 2001:db8::66",
  "CF-Pseudo-IPv4: 240.0.0.66",
  "Fastly-Client-IP: 192.0.2.66",
  "Fly-Client-IP: 192.0.2.66",
  "X-Client-IP: 192.0.2.66",
  "X-Cluster-Client-IP: 192.0.2.66",
  "X-Original-Forwarded-For: 192.0.2.66",
  "X-Azure-ClientIP: 192.0.2.66",
  "X-Azure-SocketIP: 192.0.2.66",
  "CloudFront-Viewer-Address: 192.0.2.66:4711",
  "X-Appengine-User-IP: 192.0.2.66",
  "DO-Connecting-IP: 192.0.2.66",
  "X-Envoy-External-Address: 192.0.2.66",
  "X-NF-Client-Connection-IP: 192.0.2.66",
  "X-Vercel-Forwarded-For: 192.0.2.66",
  "X-ProxyUser-Ip: 192.0.2.66",
  "WL-Proxy-Client-IP: 192.0.2.66",
  "Proxy-Client-IP: 192.0.2.66",
  "Client-IP: 192.0.2.66",
  "REMOTE_ADDR: 192.0.2.66",
  "X-Forward-For: 192.0.2.66",
  "Ali-Real-Client-IP: 192.0.2.66",
  "EO-Connecting-IP: 192.0.2.66",
  "Proxy: http://192.0.2.66:3128",
  "X-Wherefrom-Explanation: 192.0.2.66",
  "X-Wherefrom-Hop: 192.0.2.66",
  "X_Wherefrom_Hop: 192.0.2.66",
];

test.each(claims)("«%s» of a client does not reach the target", async (claim) => {
  peer = "203.0.113.5";
  const request = await received("/", claim);
  expect(request.fields.join("\n")).not.toMatch(/192\.0\.2\.66|evil|gopher|2001:db8::66|240\.0\.0\.66/);
  expect(namesOf(request).filter((name) => /[_.]/.test(name))).toEqual([]);
  expect(linesOf(request, "x-forwarded-for")).toEqual(["203.0.113.5"]);
  expect(linesOf(request, "x-real-ip")).toEqual(["203.0.113.5"]);
  expect(linesOf(request, "x-wherefrom-explanation")).toEqual([]);
});

describe("under a policy that reads a header of its own, and an action that flags", () => {
  const own = { trustedProxiesAlgorithm: { ipHeaderName: "X_Edge-Chain", trustedProxies: ["127.0.0.0/8"] } };
  const securityActions = [
    {
      name: "mark",
      state: "ENABLED",
      conditionConfig: { httpMethods: ["DELETE"] },
      flag: { headers: [{ name: "X-Mark", value: "seen" }] },
    },
  ];
  const said = [
    "X_Edge-Chain: 6.6.6.6",
    "X-Edge-Chain: 6.6.6.6",
    "x.edge.chain: 6.6.6.6",
    "X-Mark: 6.6.6.6",
    "X_Mark: 6.6.6.6",
    "X-Forwarded-For: 6.6.6.6",
    "Proxy: 6.6.6.6",
  ];
  let edge: TestGateway;
  beforeAll(async () => {
    edge = await openTestGateway({ ...snapshotOf([{ target: target.origin }], { policy: own }), securityActions }, { peerOf: () => peer });
  });
  afterAll(() => edge.close());

  test.each([
    { where: "in the header", from: "203.0.113.5" },
    { where: "in the header, from a trusted peer", from: "127.0.0.1", chain: "198.51.100.7" },
  ])("none of them, nor another spelling, reaches the target $where", async ({ from, chain = "6.6.6.6" }) => {
    peer = from;
    const lines = said.map((line) => line.replace("6.6.6.6", line.startsWith("X_Edge-Chain") ? chain : "6.6.6.6"));
    expect((await ask(edge.port, "GET / HTTP/1.1", "Host: a", ...lines, "X-Kept: 1")).status).toBe(200);
    const request = target.received.at(-1) as Received;
    expect(namesOf(request).filter((name) => /edge|mark|^proxy$/.test(name))).toEqual([]);
    expect([linesOf(request, "x-kept"), linesOf(request, "x-real-ip")]).toEqual([["1"], [from === "127.0.0.1" ? chain : from]]);
    expect(request.fields.join("\n")).not.toContain("6.6.6.6");
  });

  test("nor in the trailers, and none of them is announced", async () => {
    peer = "203.0.113.5";
    const told: (readonly string[])[] = [];
    const server = createServer((request, response) => {
      request.resume().once("end", () => {
        told.push([...request.rawHeaders, ...request.rawTrailers]);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const snapshot = { ...snapshotOf([{ target: `http://127.0.0.1:${port}` }], { policy: own, revision: 2 }), securityActions };
    expect(edge.source.offer(snapshot).kind).toBe("applied");
    const announced = said.map((line) => line.split(":")[0]).join(", ");
    const head = wire("POST / HTTP/1.1", "Host: a", "Connection: close", "Transfer-Encoding: chunked", `Trailer: ${announced}, X-Kept`);
    const { status } = parseResponse(await sendRaw(edge.port, `${head}1\r\na\r\n0\r\n${wire(...said, "X-Kept: 1")}`));
    server.close();
    expect([status, told.length]).toEqual([200, 1]);
    expect(told[0]?.join("\n")).not.toMatch(/6\.6\.6\.6|edge|mark|proxy$/im);
    expect(told[0]?.slice(-2)).toEqual(["X-Kept", "1"]);
  });
});

const passing = [
  "X-Request-Id: 7",
  "Accept: */*",
  "Cookie: a=b",
  "Cookie: c=d",
  "X-Forward: 1",
  "X-Real: 1",
  "Authorization: Basic eA==",
  "Via: 1.1 front",
];

test.each(passing)("«%s» passes", async (line) => {
  peer = "203.0.113.5";
  const [name = "", value = ""] = line.split(": ");
  expect(linesOf(await received("/", line), name)).toContain(value);
});

const chains = [
  { mode: "replace", path: "/", from: "203.0.113.5", sent: ["1.2.3.4"], xff: "203.0.113.5", forwarded: "for=203.0.113.5" },
  {
    mode: "replace",
    path: "/",
    from: "127.0.0.1",
    sent: ["6.6.6.6, 198.51.100.7, 10.0.0.9"],
    xff: "198.51.100.7",
    forwarded: "for=198.51.100.7",
  },
  { mode: "replace", path: "/", from: "127.0.0.1", sent: ["2001:DB8:0::1"], xff: "2001:db8::1", forwarded: 'for="[2001:db8::1]"' },
  { mode: "append", path: "/append", from: "203.0.113.5", sent: ["1.2.3.4"], xff: "203.0.113.5", forwarded: "for=203.0.113.5" },
  {
    mode: "append",
    path: "/append",
    from: "127.0.0.1",
    sent: ["6.6.6.6, 198.51.100.7", "::ffff:10.0.0.9 , 10.0.0.8:443"],
    xff: "198.51.100.7, 10.0.0.9, 10.0.0.8, 127.0.0.1",
    forwarded: "for=198.51.100.7, for=10.0.0.9, for=10.0.0.8, for=127.0.0.1",
  },
  {
    mode: "append",
    path: "/append",
    from: "127.0.0.1",
    sent: ["10.0.0.7, 10.0.0.8"],
    xff: "10.0.0.7, 10.0.0.8, 127.0.0.1",
    forwarded: "for=10.0.0.7, for=10.0.0.8, for=127.0.0.1",
  },
  // an opaque hop stops the walk: the peer stands in, unverified, and is told once
  { mode: "append", path: "/append", from: "127.0.0.1", sent: ["1.2.3.4, unknown"], xff: "127.0.0.1", forwarded: "for=127.0.0.1" },
];

test.each(chains)("$mode from $from with $sent sends $xff", async ({ path, from, sent, xff, forwarded }) => {
  peer = from;
  const request = await received(path, ...sent.map((value) => `X-Forwarded-For: ${value}`));
  expect(linesOf(request, "x-forwarded-for")).toEqual([xff]);
  expect(linesOf(request, "x-real-ip")).toEqual([path === "/" ? xff : xff.split(", ")[0]]);
  expect(linesOf(request, "x-forwarded-proto")).toEqual(["http"]);
  expect(linesOf(request, "x-forwarded-host")).toEqual(["shop.example:8443"]);
  expect(linesOf(request, "forwarded")).toEqual([`${forwarded};host="shop.example:8443";proto=http`]);
  expect(linesOf(request, "host")).toEqual([target.host]);
});

test("append of an unverified resolution tells the client and the peer, and nothing between them", async () => {
  const routes = [{ target: target.origin, forwardedHeaders: "append" }];
  const unverified = await openTestGateway(snapshotOf(routes), { peerOf: () => "127.0.0.1" });
  await ask(unverified.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 198.51.100.7, 10.0.0.8");
  expect(linesOf(target.received.at(-1) as Received, "x-forwarded-for")).toEqual(["198.51.100.7, 127.0.0.1"]);
  await unverified.close();
});

describe("fields about one connection", () => {
  const stripped = [
    { sent: ["Connection: close, X-Forwarded-For", "X-Forwarded-For: 6.6.6.6"], gone: [] },
    { sent: ["Connection: X-Secret", "X-Secret: 1"], gone: ["x-secret"] },
    { sent: ["Connection: x-secret ,, X-Other", "X-SECRET: 1", "X-Other: 2"], gone: ["x-secret", "x-other"] },
    { sent: ["Connection: X-Real-IP, Forwarded, X-Forwarded-Host, Host, CDN-Loop"], gone: [] },
    {
      sent: ["Connection: Cookie, authorization, Via", "Cookie: a=b", "Authorization: Basic eA==", "Via: 1.1 front"],
      gone: [],
      kept: ["cookie", "authorization", "via"],
    },
    {
      sent: ["Connection: Cache-Control, sec-websocket-key", "Cache-Control: no-store", "Sec-WebSocket-Key: x"],
      gone: [],
      kept: ["cache-control", "sec-websocket-key"],
    },
    { sent: ["Keep-Alive: timeout=5"], gone: ["keep-alive"] },
    { sent: ["Proxy-Connection: keep-alive"], gone: ["proxy-connection"] },
    { sent: ["Proxy-Authorization: Basic eA=="], gone: ["proxy-authorization"] },
    { sent: ["TE: trailers"], gone: ["te"] },
    { sent: ["Upgrade: h2c"], gone: ["upgrade"] }, // without Connection: upgrade it asks for nothing
    { sent: ["HTTP2-Settings: AAMAAABk"], gone: ["http2-settings"] },
  ];

  test.each(stripped)("$sent: $gone stay behind and nothing of ours goes missing", async ({ sent, gone, kept = [] }) => {
    peer = "203.0.113.5";
    const request = await received("/", ...sent);
    for (const name of gone) expect(namesOf(request)).not.toContain(name);
    for (const name of kept) expect(namesOf(request)).toContain(name);
    expect(linesOf(request, "cdn-loop")).toEqual(["wherefrom"]);
    expect(linesOf(request, "host")).toEqual([target.host]);
    expect(linesOf(request, "x-forwarded-for")).toEqual(["203.0.113.5"]);
    expect(linesOf(request, "x-real-ip")).toEqual(["203.0.113.5"]);
    expect(linesOf(request, "x-forwarded-host")).toEqual(["shop.example:8443"]);
    expect(linesOf(request, "forwarded")).toEqual(['for=203.0.113.5;host="shop.example:8443";proto=http']);
  });
});

test("a length that Connection names still frames the body", async () => {
  peer = "203.0.113.5";
  const lines = ["POST / HTTP/1.1", "Host: a", "Connection: close, Content-Length", "Content-Length: 3"];
  expect(parseResponse(await sendRaw(gateway.port, `${wire(...lines)}abc`)).status).toBe(200);
  expect(linesOf(target.received.at(-1) as Received, "content-length")).toEqual(["3"]);
});

test("a request that goes round in a circle is found out", async () => {
  const records: ExchangeRecord[] = [];
  const circle = await openTestGateway(snapshotOf([]), { limits: { maxGatewayPasses: 3 }, onExchange: (record) => records.push(record) });
  circle.source.offer(snapshotOf([{ target: `http://127.0.0.1:${circle.port}` }], { revision: 2 }));
  const { status, body } = await ask(
    circle.port,
    "GET / HTTP/1.1",
    "Host: a",
    "CDN-Loop: other; v=wherefrom, Wherefrom;v=1",
    "Connection: cdn-loop",
  );
  expect([status, JSON.parse(body).error.code]).toEqual([508, "REQUEST_LOOP"]);
  expect(records.map((record) => [record.status, record.fault])).toEqual([
    [508, "REQUEST_LOOP"],
    [508, undefined],
    [508, undefined],
  ]);
  await circle.close();
});

test("a request without Host (HTTP/1.0) is forwarded and no host is made up", async () => {
  peer = "203.0.113.5";
  const { status } = await ask(gateway.port, "GET /old HTTP/1.0");
  expect(status).toBe(200);
  const request = target.received.at(-1) as Received;
  expect(linesOf(request, "x-forwarded-host")).toEqual([]);
  expect(linesOf(request, "forwarded")).toEqual(["for=203.0.113.5;proto=http"]);
});
