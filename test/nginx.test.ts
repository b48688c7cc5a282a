import { Agent } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningNginx, startNginxOnFreePort } from "./apps/nginx.ts";
import { explained, forwardedClient, linesOf, type Seen } from "./apps/seen.ts";
import { type RunningService, startService } from "./apps/service.ts";
import { type RunningUp, startUp } from "./apps/wherefrom.ts";
import { addRoute, headerIndex, patchPolicy } from "./client/environment.ts";
import { type AskOptions, ask, askWell } from "./client/http.ts";
import { converse, greetingOf } from "./client/websocket.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { requires } from "./requirement.ts";

// client 127.0.0.2 or 127.0.0.3 -> nginx -> gateway -> FastAPI: every address tells its owner from 127.0.0.1, the two proxies.
const CLIENT = "127.0.0.2";
const OTHER_CLIENT = "127.0.0.3";

let scratch: Scratch;
let service: RunningService;
let serviceAsShipped: RunningService;
let up: RunningUp;
let nginx: RunningNginx & { readonly port: number };

const machine = requires("nginx", "uvicorn");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  scratch = await openScratch();
  [service, serviceAsShipped, up] = await Promise.all([
    startService({ name: "service" }),
    startService({ name: "as-shipped", proxyHeaders: "as-shipped" }),
    startUp(scratch.file("data"), ["--no-demo"]),
  ]);
  const target = `http://127.0.0.1:${service.port}`;
  await addRoute(up.environmentUrl, { name: "service", target });
  await addRoute(up.environmentUrl, { name: "explained", basePath: "/explained", target, sendExplanation: true });
  await addRoute(up.environmentUrl, { name: "as-shipped", basePath: "/as-shipped", target: `http://127.0.0.1:${serviceAsShipped.port}` });
  nginx = await startNginxOnFreePort({ target: new URL(up.gateway).host, forwarding: "append", keepsConnections: true });
});
afterAll(async () => {
  await nginx?.stop();
  await up?.process.stop();
  await Promise.all([service?.process.stop(), serviceAsShipped?.process.stop()]);
  await scratch?.remove();
});
beforeEach(async () => {
  if (machine.isMet) await patchPolicy(up.environmentUrl, headerIndex(-1));
});

const overHttp = (path: string, options: AskOptions = {}): Promise<Seen> => askWell<Seen>(`http://127.0.0.1:${nginx.port}${path}`, options);
const overWebSocket = (path: string, options: AskOptions = {}): Promise<Seen> =>
  greetingOf<Seen>(`ws://127.0.0.1:${nginx.port}${path}`, { from: options.from ?? "127.0.0.1", headers: options.headers ?? {} });

const forgeries: { says: string; headers: Record<string, string | string[]> }[] = [
  { says: "nothing", headers: {} },
  { says: "X-Forwarded-For: 1.2.3.4", headers: { "X-Forwarded-For": "1.2.3.4" } },
  { says: "two lines of X-Forwarded-For", headers: { "X-Forwarded-For": ["1.2.3.4", "1.2.3.4, 1.2.3.4"] } },
  {
    says: "every forwarding header",
    headers: { "X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", Forwarded: "for=1.2.3.4", "True-Client-IP": "1.2.3.4" },
  },
  { says: "that the header is its connection's own", headers: { "X-Forwarded-For": "1.2.3.4", Connection: "x-forwarded-for, x-real-ip" } },
];

describe("with ipHeaderIndex -1 behind nginx the service is told the client that nginx saw", () => {
  const rows = forgeries.flatMap((forgery) => [CLIENT, OTHER_CLIENT].map((from) => ({ ...forgery, from })));

  test.each(rows)("HTTP, $from says $says", async ({ from, headers }) => {
    const seen = await overHttp("/ip", { from, headers });
    expect(forwardedClient(seen)).toEqual({ xForwardedFor: [from], xRealIp: [from] });
    expect(JSON.stringify(seen.lines)).not.toContain("1.2.3.4");
  });

  // A WebSocket client cannot send a Connection line of its own: the handshake owns it.
  test.each(rows.filter(({ headers }) => headers["Connection"] === undefined))("WebSocket, $from says $says", async ({ from, headers }) => {
    const seen = await overWebSocket("/ws", { from, headers });
    expect(forwardedClient(seen)).toEqual({ xForwardedFor: [from], xRealIp: [from] });
    expect(JSON.stringify(seen.lines)).not.toContain("1.2.3.4");
  });

  test("the service's own `client` is right too, as uvicorn is shipped", async () => {
    const peers = [await overHttp("/as-shipped", { from: CLIENT }), await overWebSocket("/as-shipped", { from: OTHER_CLIENT })].map(
      (seen) => seen.peer,
    );
    expect(peers).toEqual([CLIENT, OTHER_CLIENT]);
  });
});

describe("HTTP and WebSocket have one answer", () => {
  const indexes = [-1, -2, 0, 1, 7];

  test.each(indexes)("ipHeaderIndex %i", async (index) => {
    await patchPolicy(up.environmentUrl, headerIndex(index));
    const options = { from: CLIENT, headers: { "X-Forwarded-For": "192.0.2.1, 192.0.2.2" } };
    const [http, webSocket] = [await overHttp("/explained", options), await overWebSocket("/explained", options)];
    const told = ["x-forwarded-for", "x-real-ip", "forwarded"];
    expect(told.map((name) => linesOf(webSocket, name))).toEqual(told.map((name) => linesOf(http, name)));
    expect(explained(webSocket)).toEqual(explained(http));
  });
});

describe("a PATCH changes the next request without a restart", () => {
  const claim = { "X-Forwarded-For": "192.0.2.1, 192.0.2.2" };
  /** nginx appends the client, so the whole chain is 192.0.2.1, 192.0.2.2, 127.0.0.2. */
  const rows = [
    { index: 0, says: "192.0.2.1" },
    { index: 1, says: "192.0.2.2" },
    { index: -1, says: CLIENT },
    { index: -3, says: "192.0.2.1" },
    { index: -2, says: "192.0.2.2" },
  ];

  test("through nginx, index after index", async () => {
    for (const { index, says } of rows) {
      await patchPolicy(up.environmentUrl, headerIndex(index));
      const seen = await overHttp("/ip", { from: CLIENT, headers: claim });
      expect(linesOf(seen, "x-forwarded-for"), `index ${index}`).toEqual([says]);
    }
  });

  test("on one kept connection to the gateway", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (const [turn, index] of [-1, 0, -1, 1].entries()) {
        await patchPolicy(up.environmentUrl, headerIndex(index));
        const answer = await ask<Seen>(`${up.gateway}/ip`, { from: CLIENT, headers: claim, agent });
        expect(linesOf(answer.body, "x-forwarded-for")).toEqual([["192.0.2.1", "192.0.2.2"].at(index)]);
        expect(answer.onReusedConnection).toBe(turn > 0);
      }
    } finally {
      agent.destroy();
    }
  });

  test("under an open WebSocket, which keeps the answer it was opened with", async () => {
    const url = `ws://127.0.0.1:${nginx.port}/ws`;
    const first = await converse<Seen>(url, { from: CLIENT, headers: claim });
    try {
      await patchPolicy(up.environmentUrl, headerIndex(0));
      const second = await greetingOf<Seen>(url, { from: CLIENT, headers: claim });
      const stillFirst = await first.say("still here");
      expect(stillFirst.message).toBe("still here");
      expect(first.isOpen()).toBe(true);
      expect([first.greeting, second, stillFirst].map((seen) => linesOf(seen, "x-forwarded-for"))).toEqual([
        [CLIENT],
        ["192.0.2.1"],
        [CLIENT],
      ]);
    } finally {
      await first.close();
    }
  });
});

describe("an index out of range is a fallback, and the flow variables say so", () => {
  // The chain is what the client claims and then the client itself, by nginx.
  const rows = [
    { index: -2, says: "", resolves: CLIENT, because: "the header has one hop, and a local one" },
    { index: 9, says: "192.0.2.1, 192.0.2.2", resolves: "192.0.2.1", because: "the default rule takes the leftmost that is not local" },
    { index: -4, says: "10.0.0.1, 192.0.2.2", resolves: "192.0.2.2", because: "the default rule passes over local hops" },
  ];

  test.each(rows)("index $index of «$says» gives $resolves: $because", async ({ index, says, resolves }) => {
    await patchPolicy(up.environmentUrl, headerIndex(index));
    const options = { from: CLIENT, headers: says === "" ? {} : { "X-Forwarded-For": says } };
    for (const seen of [await overHttp("/explained", options), await overWebSocket("/explained", options)]) {
      const { explanation, flowVariables } = explained(seen);
      expect(explanation).toMatchObject({ ip: resolves, outcome: "fallback", reason: "index-out-of-range" });
      expect(flowVariables).toMatchObject({
        "client_ip_resolution.used.fallback": "true",
        "client_ip_resolution.resolved.ip": resolves,
        "client_ip_resolution.algorithm": `HeaderIndexAlgorithm{IpHeaderName:X-Forwarded-For, IpHeaderIndex: ${index}}`,
      });
      expect(forwardedClient(seen)).toEqual({ xForwardedFor: [resolves], xRealIp: [resolves] });
    }
  });

  test("an index in range is none", async () => {
    const { explanation, flowVariables } = explained(await overHttp("/explained", { from: CLIENT }));
    expect(explanation.outcome).toBe("resolved");
    expect(flowVariables["client_ip_resolution.used.fallback"]).toBe("false");
  });
});
