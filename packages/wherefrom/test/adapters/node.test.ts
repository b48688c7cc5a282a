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

  test("is dropped by Node's own limit, before anybody can read it", async () => {
    expect(await answerWith(null)).toMatchObject({ ip: "6.6.6.6" });
  });

  test("is read with maxHeadersCount = 0, as the guides say", async () => {
    expect(await answerWith(0)).toMatchObject({ ip: "203.0.113.7", trust: "verified" });
  });
});
