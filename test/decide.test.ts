import { readFileSync } from "node:fs";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "../packages/gateway/test/rig/target.ts";
import { parseResponse, sendRaw, until, type WireResponse, wire } from "../packages/gateway/test/rig/wire.ts";
import { caddyEngine, haproxyEngine, nginxEngine } from "./apps/engines.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { converse } from "./client/websocket.ts";
import { repositoryPath } from "./process/repository.ts";
import { requires } from "./requirement.ts";

const trusting = {
  trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1", "10.0.0.0/8"] },
  fallback: "REJECT",
};
const routes = [
  { target: "http://127.0.0.1:1", basePath: "/" },
  { target: "http://127.0.0.1:1", basePath: "/strict", rejectStatus: 451 },
];

type Decider = { readonly gateway: TestGateway; readonly records: ExchangeRecord[] };

async function openDecider(): Promise<Decider> {
  const records: ExchangeRecord[] = [];
  const gateway = await openTestGateway(snapshotOf(routes, { policy: trusting }), {
    listeners: [{ port: 0, decide: { trustedPeers: ["127.0.0.1"] } }],
    onExchange: (record) => void records.push(record),
  });
  return { gateway, records };
}

const told = ["Client-Ip", "Trust", "Outcome", "Reason", "Key"].map((name) => `X-Wherefrom-${name}`);
const wordsOf = (received: Received): string[][] => told.map((name) => linesOf(received, name));

const forged = [
  ...told.map((name) => `${name}: 192.0.2.66`),
  "X-Wherefrom-Hop: 192.0.2.66",
  "X_Wherefrom_Client_Ip: 192.0.2.66",
  "X-Original-Method: TRACE",
  "X-Original-Host: evil.example",
  "X-Original-Uri: /strict",
  "X-Original-Peer: 192.0.2.66",
  "X-Real-IP: 192.0.2.66",
  "Forwarded: for=192.0.2.66",
];

// Neither runs here: their requests are made by hand in packages/gateway/test/decide.test.ts, and their files are held to the same contract.
const unrun = [
  {
    file: "envoy.yaml",
    says: [
      /path_prefix: \/ext-authz$/m,
      /key: x-original-peer, value: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"/,
      /failure_mode_allow: false/,
    ],
  },
  {
    file: "traefik.yaml",
    says: [/address: http:\/\/127\.0\.0\.1:9000\/traefik$/m, /trustForwardHeader: true/, new RegExp(told.join(", "))],
  },
];

test.each(unrun)("$file keeps to its contract", ({ file, says }) => {
  const text = readFileSync(repositoryPath(`examples/decide/${file}`), "utf8");
  for (const pattern of says) expect(text).toMatch(pattern);
});

const engines = [
  { engine: "nginx", contract: "auth-request", kind: nginxEngine, away: 500 },
  { engine: "caddy", contract: "forward-auth", kind: caddyEngine, away: 502 },
  { engine: "haproxy", contract: "forward-auth", kind: haproxyEngine, away: 503 },
] as const;

describe.each(engines)("$engine by its example", ({ engine, contract, kind, away }) => {
  let target: Target;
  let decider: Decider;
  let proxy: RunningProxy;

  const machine = requires(engine);
  beforeEach(machine.check);
  beforeAll(async () => {
    if (!machine.isMet) return;
    const sockets = new WebSocketServer({ noServer: true });
    sockets.on("connection", (socket, request) => socket.send(JSON.stringify({ fields: request.rawHeaders })));
    target = await openTarget(undefined, (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request)),
    );
    decider = await openDecider();
    proxy = await startProxy(kind({ decide: decider.gateway.port }), target.port);
  });
  afterAll(async () => {
    await proxy?.stop();
    await decider?.gateway.close();
    await target?.close();
  });

  async function ask(...lines: string[]): Promise<WireResponse> {
    decider.records.length = 0;
    return parseResponse(await sendRaw(proxy.port, wire(...lines, "Connection: close")));
  }

  /** A decision is recorded when it has been sent, which may be after the engine has acted on it. */
  async function recorded(): Promise<readonly ExchangeRecord[]> {
    await until(() => decider.records.length > 0);
    return decider.records;
  }

  const admitted = [
    { what: "a chain", lines: ["X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.9"], ip: "203.0.113.7", key: "203.0.113.7" },
    { what: "two lines", lines: ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 10.0.0.9"], ip: "203.0.113.7", key: "203.0.113.7" },
    { what: "IPv6 with a port", lines: ["X-Forwarded-For: [2001:db8:1:2::3]:443"], ip: "2001:db8:1:2::3", key: "2001:db8:1:2::/64" },
  ];

  test.each(admitted)("$what: the application is told the client, and nothing of what it claimed", async ({ lines, ip, key }) => {
    const response = await ask("POST /cart?item=7%2F HTTP/1.1", "Host: shop.example:8443", ...lines, ...forged, "Content-Length: 0");
    expect(response.status).toBe(200);
    const received = target.received.at(-1) as Received;
    expect([received.method, received.url]).toEqual(["POST", "/cart?item=7%2F"]);
    expect(wordsOf(received)).toEqual([[ip], ["verified"], ["resolved"], ["none"], [key]]);
    expect(["X-Forwarded-For", "X-Real-IP"].map((name) => linesOf(received, name))).toEqual([[ip], [ip]]);
    const claims = received.fields.filter((value) => value.includes("192.0.2.66"));
    // What it wrote under the names of the questions is no claim to anybody.
    expect(claims.length).toBe(linesOf(received, "X-Original-Peer").length);
    expect(await recorded()).toMatchObject([
      { decision: contract, method: "POST", host: "shop.example:8443", pathAndQuery: "/cart?item=7%2F", peer: "127.0.0.1", status: 200 },
    ]);
  });

  const refused = [
    { what: "no address", path: "/", status: 400 },
    { what: "no address where the route says how to refuse", path: "/strict/x", status: 451 },
  ];

  test.each(refused)("$what: the client gets $status and the application nothing", async ({ path, status }) => {
    const seen = target.received.length;
    const response = await ask(`GET ${path} HTTP/1.1`, "Host: shop.example", "X-Forwarded-For: unknown", ...forged);
    expect([response.status, target.received.length]).toEqual([status, seen]);
    expect(await recorded()).toMatchObject([{ status, fault: "CLIENT_ADDRESS_UNKNOWN", resolution: { reason: "hop-not-an-address" } }]);
  });

  test("a WebSocket", async () => {
    const socket = await converse<{ fields: string[] }>(`ws://127.0.0.1:${proxy.port}/chat`, {
      headers: { "X-Forwarded-For": "203.0.113.7", "X-Wherefrom-Client-Ip": "192.0.2.66" },
    });
    expect(linesOf(socket.greeting, "x-forwarded-for")).toEqual(["203.0.113.7"]);
    expect(linesOf(socket.greeting, "x-wherefrom-client-ip")).toEqual(["203.0.113.7"]);
    await socket.close();
  });

  test("nobody gets through when the gateway does not answer", async () => {
    await decider.gateway.close();
    const seen = target.received.length;
    const response = await ask("GET / HTTP/1.1", "Host: shop.example", "X-Forwarded-For: 203.0.113.7");
    expect([response.status, target.received.length]).toEqual([away, seen]);
  });
});
