import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { createClientOf, evidenceOf } from "../../src/adapters/node.ts";
import { createResolver, parsePolicy, type Resolution } from "../../src/index.ts";
import {
  adapterContract,
  byRequest,
  byUpgrade,
  listen,
  maxHeaderSize,
  nodeOptions,
  type Opened,
  type Setting,
  type Way,
} from "./contract.ts";
import { openWire, request } from "./wire.ts";

adapterContract("node:http", {
  open(setting) {
    const clientOf = createClientOf(setting.resolver, nodeOptions(setting));
    const server = createServer({ maxHeaderSize }, (request, response) => {
      clientOf(request);
      response.end(JSON.stringify(clientOf(request)));
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      clientOf(request);
      sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send(JSON.stringify(clientOf(request))));
    });
    return listen(server);
  },
  ways: { request: byRequest, upgrade: byUpgrade },
});

const sessions = new Map<number, http2.ClientHttp2Session>();

const byStream: Way = async (port, fields) => {
  const session = sessions.get(port) ?? http2.connect(`http://127.0.0.1:${port}`);
  sessions.set(port, session);
  const headers: Record<string, string[]> = {};
  for (const field of fields) {
    const at = field.indexOf(": ");
    const name = field.slice(0, at).toLowerCase();
    headers[name] = [...(headers[name] ?? []), field.slice(at + 2)];
  }
  const chunks: Buffer[] = [];
  for await (const chunk of session.request({ ":path": "/", ...headers })) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Resolution;
};

/** What HTTP/2 takes as a field value (RFC 9113, section 8.2.1), without the bytes beyond ASCII. */
const HTTP2_VALUE = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/;
/** Fields of one connection (RFC 9113, section 8.2.2). */
const CONNECTION_FIELD = /^(?:connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade|host)$/i;

adapterContract("node:http2", {
  async open(setting): Promise<Opened> {
    const clientOf = createClientOf(setting.resolver, nodeOptions(setting));
    const server = http2.createServer({ settings: { maxHeaderListSize: maxHeaderSize }, maxHeaderListPairs: 1 << 16 });
    server.on("request", (request, response) => {
      clientOf(request);
      response.end(JSON.stringify(clientOf(request)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const close = () => {
      sessions.get(port)?.destroy();
      server.close();
    };
    return { port, close };
  },
  ways: { stream: byStream },
  leaveOut: ({ headers }) =>
    headers.some(([name, value]) => CONNECTION_FIELD.test(name) || !HTTP2_VALUE.test(value) || value.length > 16_000),
});

test("pseudo header fields of HTTP/2 are no header lines", () => {
  const rawHeaders = [
    ":method",
    "GET",
    ":authority",
    "service.example",
    "x-forwarded-for",
    "203.0.113.7",
    "X-Forwarded-For",
    "198.51.100.9",
  ];
  const evidence = evidenceOf({ rawHeaders, socket: { remoteAddress: "10.0.0.1" } });
  expect(evidence.lines("x-forwarded-for")).toEqual(["203.0.113.7", "198.51.100.9"]);
  expect(evidence.lines("host")).toEqual([]);
});

describe("the peer of a Node request", () => {
  const resolver = createResolver(parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["unix:"] } }));
  const rawHeaders = ["x-forwarded-for", "203.0.113.7"];

  test("of a unix socket is trusted where unix: is listed", () => {
    expect(resolver.resolve(evidenceOf({ rawHeaders, socket: {} })).ip).toBe("203.0.113.7");
  });

  test("of a socket that is closed does not pass for a unix socket", () => {
    expect(resolver.resolve(evidenceOf({ rawHeaders, socket: { destroyed: true } }))).toMatchObject({ ip: null, reason: "peer-unknown" });
  });

  test("of a client that has reset its connection does not pass for a unix socket", async () => {
    const clientOf = createClientOf(resolver);
    const server = createServer();
    const asked = new Promise<Resolution>((resolve) => server.on("request", (request) => resolve(clientOf(request))));
    const { port, close } = await listen(server);
    sayAndReset(port, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
    expect(await asked).toMatchObject({ ip: null, reason: "peer-unknown" });
    close();
  });
});

describe("a proxy's line after 1,100 lines of a client", () => {
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } };
  const filler = Array<string>(1_100).fill("a:");
  const lines = ["X-Forwarded-For: 6.6.6.6", ...filler, "X-Forwarded-For: 203.0.113.7"];
  const setting: Setting = { resolver: createResolver(parsePolicy(policy)) };

  async function answerWith(maxHeadersCount: number | null): Promise<Resolution> {
    const clientOf = createClientOf(setting.resolver);
    const server = createServer((request, response) => response.end(JSON.stringify(clientOf(request))));
    const { port, close } = await listen(server);
    server.maxHeadersCount = maxHeadersCount;
    const wire = openWire(port);
    const answer = JSON.parse(await request(wire, "GET /", { fields: lines })) as Resolution;
    wire.close();
    close();
    return answer;
  }

  test.each([null, 1_000, 50, 1])("is dropped by Node with maxHeadersCount = %s, and then no line is believed", async (maxHeadersCount) => {
    expect(await answerWith(maxHeadersCount)).toMatchObject({ ip: "127.0.0.1", trust: "unverified", reason: "header-malformed" });
  });

  test.each([0, 1_200])("is read with maxHeadersCount = %s", async (maxHeadersCount) => {
    expect(await answerWith(maxHeadersCount)).toMatchObject({ ip: "203.0.113.7", trust: "verified" });
  });
});

const counted = [
  { fields: 32, server: { maxHeadersCount: 32 }, isRead: false },
  { fields: 30, server: { maxHeadersCount: 1 }, isRead: true }, // Node drops none of the first 31
  { fields: 999, server: { maxHeadersCount: null }, isRead: true },
  { fields: 1_000, server: { maxHeadersCount: null }, isRead: false },
  { fields: 1_000, server: undefined, isRead: false },
  { fields: 5_000, server: { maxHeadersCount: 0 }, isRead: true },
];

test.each(counted)("of $fields fields and a server of $server the header is read: $isRead", ({ fields, server, isRead }) => {
  const rawHeaders = ["X-Forwarded-For", "203.0.113.7", ...new Array<string>((fields - 1) * 2).fill("a")];
  const evidence = evidenceOf({ rawHeaders, socket: { remoteAddress: "10.0.0.1", server } });
  expect(evidence.lines("x-forwarded-for")).toEqual(isRead ? ["203.0.113.7"] : ["fields are missing\0"]);
});

test("a policy says of a header that is missing fields what it says of a malformed one", () => {
  const rawHeaders = new Array<string>(2_000).fill("x-forwarded-for");
  const evidence = evidenceOf({ rawHeaders, socket: { remoteAddress: "10.0.0.1" } });
  const trusted = { ipHeaderName: "X-Forwarded-For", trustedPeers: ["10.0.0.0/8"] };
  const explained = [
    { singleHeaderAlgorithm: trusted, fallback: "REJECT" },
    { headerIndexAlgorithm: { ...trusted, ipHeaderIndex: -1 }, fallback: "REJECT" },
    { trustedProxiesAlgorithm: { ipHeaderName: "Forwarded", trustedProxies: ["10.0.0.0/8"] }, fallback: "REJECT" },
  ].map((policy) => createResolver(parsePolicy(policy)).explain(evidence));
  expect(explained.map(({ reason }) => reason)).toEqual(["header-malformed", "header-malformed", "header-malformed"]);
  expect(explained[0]?.hops[0]?.text).toBe("fields are missing\\x00");
  // the default rule passes over it, to the peer
  expect(createResolver(parsePolicy({})).resolve(evidence)).toMatchObject({ ip: "10.0.0.1", trust: "unverified" });
});

/** Says something and resets the connection before this process can accept it: it stands still meanwhile. */
function sayAndReset(port: number, text: string): void {
  const client = `const socket = require("node:net").connect(${port}, "127.0.0.1", () => socket.write(${JSON.stringify(text)}, () => socket.resetAndDestroy()))`;
  execFileSync(process.execPath, ["-e", client]);
}
