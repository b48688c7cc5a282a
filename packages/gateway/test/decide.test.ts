import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { converse, parseResponse, sendRaw, until, type WireResponse, wire } from "./rig/wire.ts";

const policy = {
  trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8", "unix:"] },
  fallback: "REJECT",
};

let target: Target;
let gateway: TestGateway;
let engines: number;
const records: ExchangeRecord[] = [];

beforeAll(async () => {
  target = await openTarget();
  const routes = [
    { target: target.origin, basePath: "/" },
    { target: target.origin, basePath: "/strict", rejectStatus: 451 },
  ];
  gateway = await openTestGateway(snapshotOf(routes, { policy }), {
    listeners: [{ port: 0 }, { port: 0, decide: { trustedPeers: ["127.0.0.1"] } }],
    onExchange: (record) => void records.push(record),
  });
  engines = portOf(gateway, 1);
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

/** What an engine asks and gets. */
async function asks(...lines: string[]): Promise<WireResponse> {
  records.length = 0;
  const response = parseResponse(await sendRaw(engines, wire(...lines, "Connection: close")));
  await until(() => records.length > 0);
  return response;
}

function field({ head }: WireResponse, name: string): string | undefined {
  const fields = head
    .split("\r\n")
    .slice(1)
    .flatMap((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);
  return linesOf({ fields }, name)[0];
}

function original(peer: string, { method = "GET", host = "shop.example", uri = "/cart?item=7" } = {}): string[] {
  return [`X-Original-Peer: ${peer}`, `X-Original-Method: ${method}`, `X-Original-Host: ${host}`, `X-Original-Uri: ${uri}`];
}

const claim = "X-Forwarded-For: 6.6.6.6, 203.0.113.7";
const admitted = [
  {
    contract: "auth-request",
    lines: ["GET /auth-request HTTP/1.0", "Host: decide", ...original("10.0.0.1", { method: "POST" }), claim],
    method: "POST",
  },
  {
    contract: "forward-auth",
    lines: ["GET /forward-auth?item=7 HTTP/1.1", "Host: decide", ...original("10.0.0.1", { method: "HEAD" }), claim],
    method: "HEAD",
  },
  {
    contract: "ext-authz",
    lines: ["PUT /ext-authz/cart?item=7 HTTP/1.1", "Host: shop.example", "X-Original-Peer: 10.0.0.1", claim, "Content-Length: 0"],
    method: "PUT",
  },
  {
    contract: "traefik",
    lines: [
      "GET /traefik HTTP/1.1",
      "Host: decide",
      "X-Forwarded-Method: GET",
      "X-Forwarded-Host: shop.example",
      "X-Forwarded-Uri: /cart?item=7",
      `${claim}, 10.0.0.1`,
    ],
    method: "GET",
  },
];

test.each(admitted)("$contract: the client, how far that holds, and what to limit by", async ({ contract, lines, method }) => {
  const response = await asks(...lines);
  expect(response).toMatchObject({ status: 200, body: "" });
  const names = ["Client-Ip", "Trust", "Outcome", "Reason", "Key", "Algorithm", "Status"];
  expect(names.map((name) => field(response, `X-Wherefrom-${name}`))).toEqual([
    "203.0.113.7",
    "verified",
    "resolved",
    "none",
    "203.0.113.7",
    "TrustedProxiesAlgorithm{IpHeaderName:X-Forwarded-For}",
    "200",
  ]);
  expect(records).toMatchObject([
    {
      decision: contract,
      method,
      host: "shop.example",
      pathAndQuery: "/cart?item=7",
      peer: "10.0.0.1",
      status: 200,
      route: undefined,
      isComplete: true,
    },
  ]);
});

const refused = [
  { contract: "auth-request", lines: ["GET /auth-request HTTP/1.1", "Host: decide", ...original("10.0.0.1")], status: 403, client: 400 },
  { contract: "forward-auth", lines: ["GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1")], status: 400, client: 400 },
  {
    contract: "forward-auth",
    lines: ["GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1", { uri: "/strict/x" })],
    status: 451,
    client: 451,
  },
  {
    contract: "auth-request",
    lines: ["GET /auth-request HTTP/1.1", "Host: decide", ...original("10.0.0.1", { uri: "/strict/x" })],
    status: 403,
    client: 451,
  },
  { contract: "ext-authz", lines: ["GET /ext-authz/strict HTTP/1.1", "Host: a", "X-Original-Peer: 10.0.0.1"], status: 451, client: 451 },
  {
    contract: "traefik",
    lines: [
      "GET /traefik HTTP/1.1",
      "Host: d",
      "X-Forwarded-Method: GET",
      "X-Forwarded-Host: a",
      "X-Forwarded-Uri: /",
      "X-Forwarded-For: 10.0.0.1",
    ],
    status: 400,
    client: 400,
  },
];

test.each(refused)(
  "$contract: a client without an address is refused with $status, and $client is what it should get",
  async ({ contract, lines, status, client }) => {
    const response = await asks(...lines);
    expect([response.status, field(response, "X-Wherefrom-Status"), field(response, "X-Wherefrom-Client-Ip")]).toEqual([
      status,
      String(client),
      undefined,
    ]);
    expect(JSON.parse(response.body)).toMatchObject({ error: { code: "CLIENT_ADDRESS_UNKNOWN" } });
    expect(records).toMatchObject([
      { decision: contract, status: client, fault: "CLIENT_ADDRESS_UNKNOWN", resolution: { outcome: "rejected", reason: "header-absent" } },
    ]);
  },
);

test("an answer to HEAD has no body, whether the engine asks by HEAD or the client did", async () => {
  const byEngine = await asks("HEAD /ext-authz/ HTTP/1.1", "Host: a", "X-Original-Peer: 10.0.0.1");
  expect([byEngine.status, byEngine.body]).toEqual([400, ""]);
  const byClient = await asks("GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1", { method: "HEAD" }));
  expect([byClient.status, byClient.body, field(byClient, "Content-Length")]).toEqual([400, "", "0"]);
});

test("a peer without an address is unix:", async () => {
  expect(field(await asks("GET /auth-request HTTP/1.1", "Host: decide", ...original("unix:"), claim), "X-Wherefrom-Client-Ip")).toBe(
    "203.0.113.7",
  );
  expect(records).toMatchObject([{ peer: undefined }]);
});

const forms = [
  { what: "an invalid Host", lines: original("10.0.0.1", { host: "a b" }), code: "REQUEST_HOST_INVALID", status: 400 },
  {
    what: "a target in absolute form for another host",
    lines: original("10.0.0.1", { uri: "http://other.example/" }),
    code: "REQUEST_TARGET_INVALID",
    status: 400,
  },
  { what: "TRACE", lines: original("10.0.0.1", { method: "TRACE" }), code: "REQUEST_METHOD_REFUSED", status: 405 },
  {
    what: "a name that is Content-Length but for its hyphen",
    lines: [...original("10.0.0.1"), "Content_Length: 3"],
    code: "REQUEST_FRAMING_INVALID",
    status: 400,
  },
];

test.each(forms)("the original is judged as if it had come here: $what", async ({ lines, code, status }) => {
  const response = await asks("GET /forward-auth HTTP/1.1", "Host: decide", ...lines, claim);
  expect([response.status, JSON.parse(response.body).error.code]).toEqual([status, code]);
  expect(records).toMatchObject([{ decision: "forward-auth", status, fault: code }]);
});

const unclear = [
  {
    what: "no peer",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("10.0.0.1").slice(1)],
    says: "exactly one X-Original-Peer",
  },
  { what: "an empty peer", lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("")], says: "an address or unix: as the peer" },
  {
    what: "a peer that is no address",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("localhost")],
    says: "an address or unix: as the peer",
  },
  {
    what: "two peers",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("10.0.0.1"), "x-original-peer: 10.0.0.1"],
    says: "exactly one X-Original-Peer",
  },
  {
    what: "two methods",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("10.0.0.1"), "X-Original-Method: GET"],
    says: "exactly one X-Original-Method, a method",
  },
  {
    what: "no method",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("10.0.0.1", { method: "G T" })],
    says: "exactly one X-Original-Method, a method",
  },
  {
    what: "two hosts",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("10.0.0.1"), "X-Original-Host: b"],
    says: "at most one X-Original-Host",
  },
  {
    what: "two targets",
    lines: ["GET /forward-auth HTTP/1.1", "Host: d", ...original("10.0.0.1"), "X-Original-Uri: /"],
    says: "exactly one X-Original-Uri",
  },
  {
    what: "two chains for Traefik",
    lines: ["GET /traefik HTTP/1.1", "Host: d", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 10.0.0.1"],
    says: "exactly one X-Forwarded-For",
  },
  { what: "no chain for Traefik", lines: ["GET /traefik HTTP/1.1", "Host: d"], says: "exactly one X-Forwarded-For" },
  { what: "no peer for Envoy", lines: ["GET /ext-authz/ HTTP/1.1", "Host: d"], says: "exactly one X-Original-Peer" },
  {
    what: "another path",
    lines: ["GET /forward-auths HTTP/1.1", "Host: d", ...original("10.0.0.1")],
    says: "a path of /auth-request, /forward-auth, /ext-authz, /traefik",
  },
];

test.each(unclear)("$what: an error, which no engine takes for a yes", async ({ lines, says }) => {
  const response = await asks(...lines);
  expect([response.status, JSON.parse(response.body).error]).toEqual([
    500,
    { code: "DECISION_REQUEST_INVALID", message: `The engine's request cannot be used: expected ${says}` },
  ]);
  expect(records).toMatchObject([{ decision: undefined, status: 500, fault: "DECISION_REQUEST_INVALID" }]);
});

test("what a client writes under the names of the engine's fields is no line of its own", async () => {
  const aliases = ["X_Original_Peer: 6.6.6.6", "X.Original.Peer: 6.6.6.6", "X-Original_Peer: 6.6.6.6"];
  const response = await asks("GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1"), ...aliases, claim);
  expect([response.status, field(response, "X-Wherefrom-Client-Ip")]).toEqual([200, "203.0.113.7"]);
});

test("the header reaches the policy line by line, and not what is the connection's own", async () => {
  const lines = ["X-Forwarded-For: 203.0.113.7", "Connection: x-forwarded-for, close", "X-Forwarded-For: 10.0.0.3"];
  await asks("GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1"), ...lines);
  expect(records[0]?.resolution).toMatchObject({ ip: "203.0.113.7", trust: "verified" });
  expect(records[0]?.flowVariable("request.header.X-Forwarded-For.values.count")).toBe("2");
  expect(records[0]?.fields).toEqual(["Host", "shop.example", "X-Forwarded-For", "203.0.113.7", "X-Forwarded-For", "10.0.0.3"]);
});

describe("only the peers of the list may ask", () => {
  test("another is refused, whatever it asks", async () => {
    const closed = await openTestGateway(snapshotOf([{ target: target.origin }], { policy }), {
      listeners: [{ port: 0, decide: { trustedPeers: ["192.0.2.0/24"] } }],
    });
    const response = parseResponse(await sendRaw(closed.port, wire("GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1"))));
    expect([response.status, JSON.parse(response.body).error.code]).toEqual([403, "DECISION_PEER_REFUSED"]);
    await closed.close();
  });

  const faulty = [
    {},
    { trustedPeers: [] },
    { trustedPeers: ["0.0.0.0/0"] },
    { trustedPeers: ["10.0.0.1/8"] },
    { trustedPeers: "10.0.0.0/8" },
  ];
  test.each(faulty)("a listener does not open with %j", async (decide) => {
    await expect(
      openTestGateway(snapshotOf([{ target: target.origin }]), { listeners: [{ port: 0, decide: decide as never }] }),
    ).rejects.toMatchObject({
      code: "GATEWAY_LISTENER_INVALID",
      message: expect.stringContaining("/0/decide/trustedPeers"),
    });
  });
});

test("a listener of clients decides nothing, and one of engines forwards nothing", async () => {
  const seen = target.received.length;
  await asks("GET / HTTP/1.1", "Host: a");
  expect(target.received.length).toBe(seen);
  const forwarded = parseResponse(
    await sendRaw(gateway.port, wire("GET /forward-auth HTTP/1.1", "Host: a", "Connection: close", ...original("10.0.0.1"))),
  );
  expect(forwarded.head).not.toMatch(/X-Wherefrom-Client-Ip/i);
});

test("a connection serves one question after another, until one comes with a body", async () => {
  const question = wire("GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1"), claim);
  const conversation = await converse(engines);
  for (let turn = 0; turn < 3; turn += 1) {
    conversation.write(question);
    expect(await conversation.readUntil(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: keep-alive/);
  }
  conversation.write(`${question.slice(0, -2)}Content-Length: 5\r\n\r\nhello`);
  expect(await conversation.readUntil(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close/);
  conversation.socket.end();
  await conversation.closed;
});

test("a question about a WebSocket handshake is answered and opens nothing", async () => {
  const handshake = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  records.length = 0;
  const text = await sendRaw(engines, wire("GET /forward-auth HTTP/1.1", "Host: decide", ...original("10.0.0.1"), claim, ...handshake));
  expect(parseResponse(text)).toMatchObject({ status: 200 });
  await until(() => records.length > 0);
  expect(records[0]).toMatchObject({ status: 200, resolution: { ip: "203.0.113.7" } });
});
