import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { withTimeEnough } from "../../../tools/patience.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { openHttp2Target } from "./rig/http2-target.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { ask, converse, until, wire } from "./rig/wire.ts";

type RouteParts = { readonly [field: string]: unknown };

async function gatewayTo(targets: readonly Target[], route: RouteParts = {}): Promise<TestGateway> {
  return own(await openTestGateway(snapshotOf([{ targets: targets.map(({ origin }) => ({ url: origin })), ...route }])));
}

const get = (gateway: TestGateway, path: string) => ask(gateway.port, `GET ${path} HTTP/1.1`, "Host: a");

test("round robin gives each target its turn, over routes with the same targets too", async () => {
  const targets = [own(await openTarget()), own(await openTarget()), own(await openTarget())];
  const urls = targets.map(({ origin }) => ({ url: origin }));
  const gateway = own(
    await openTestGateway(
      snapshotOf([
        { targets: urls, basePath: "/a" },
        { targets: urls, basePath: "/b" },
      ]),
    ),
  );
  for (const path of ["/a", "/b", "/a", "/b", "/a", "/b"]) expect((await get(gateway, path)).status).toBe(200);
  expect(targets.map(({ received }) => received.length)).toEqual([2, 2, 2]);
});

test("least-busy passes by a target whose requests do not end", async () => {
  const held: (() => void)[] = [];
  const slow = own(await openTarget((_request, response) => void held.push(() => response.end("slow"))));
  const quick = own(await openTarget());
  const gateway = await gatewayTo([slow, quick], { balancing: "least-busy" });
  const waiting = get(gateway, "/first");
  await until(() => held.length === 1);
  expect(gateway.targetStates()).toMatchObject([
    { target: slow.origin, open: 1 },
    { target: quick.origin, open: 0 },
  ]);
  for (let count = 0; count < 4; count += 1) expect((await get(gateway, "/next")).body).toBe("GET /next");
  held[0]?.();
  expect((await waiting).body).toBe("slow");
  await until(() => gateway.targetStates().every((state) => state.open === 0));
});

test("a target counts a request until the client has left, whenever that is", async () => {
  let isAsked = false;
  const target = own(
    await openTarget(() => {
      isAsked = true;
    }),
  );
  const gateway = await gatewayTo([target]);
  const conversation = await converse(gateway.port);
  conversation.write(wire("GET / HTTP/1.1", "Host: a"));
  await until(() => isAsked);
  expect(gateway.targetStates()).toMatchObject([{ open: 1 }]);
  conversation.socket.destroy();
  await until(() => gateway.targetStates()[0]?.open === 0);
});

const timeouts = [
  { what: "the route's header timeout", route: { timeouts: { headersMs: 50 } }, code: "UPSTREAM_TIMEOUT" },
  {
    what: "the target's own over the route's",
    ofTarget: { headersMs: 50 },
    route: { timeouts: { headersMs: 60_000 } },
    code: "UPSTREAM_TIMEOUT",
  },
  { what: "the total time", route: { timeouts: { totalMs: 50 } }, code: "UPSTREAM_TOTAL_TIMEOUT" },
];

test.each(timeouts)("$what ends in 504 $code, and the target is let go", async ({ route, ofTarget, code }) => {
  let asked = 0;
  let left = 0;
  const target = own(
    await openTarget((request) => {
      asked += 1;
      request.socket.once("close", () => {
        left += 1;
      });
    }),
  );
  const targets = [{ url: target.origin, ...(ofTarget && { timeouts: ofTarget }) }];
  const gateway = own(await openTestGateway(snapshotOf([{ targets, ...route }])));
  const response = await get(gateway, "/");
  expect([response.status, JSON.parse(response.body).error.code]).toEqual([504, code]);
  // On a busy machine the total time may be over before the target is asked.
  await until(() => left === asked);
});

const cutShort = [
  { what: "silence in the body", timeout: "bodyMs" },
  { what: "a body that goes on past the total time", timeout: "totalMs" },
];

test.each(cutShort)("$what cuts the response off", async ({ timeout }) => {
  const target = own(await openTarget((_request, response) => void response.write("begun")));
  await withTimeEnough(50, async (ms) => {
    const gateway = await gatewayTo([target], { timeouts: { [timeout]: ms } });
    const response = await get(gateway, "/");
    expect(response).toMatchObject({ status: 200 });
    expect(response.body).toMatch(/^5\r\nbegun\r\n$/);
  });
});

test("a target on a unix socket is reached by every way there is, by the name of its URL", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-target-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "target.sock");
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end(request.headers.host));
  });
  new WebSocketServer({ server }).on("connection", (socket, request) => socket.send(String(request.headers.host)));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  own({
    async close() {
      server.closeAllConnections();
      server.close();
    },
  });
  const gateway = own(await openTestGateway(snapshotOf([{ targets: [{ url: "http://app.internal", socketPath }] }])));
  expect((await get(gateway, "/")).body).toContain("app.internal");
  const put = ["PUT / HTTP/1.1", "Host: a", "Content-Length: 4", "Expect: 100-continue"];
  const uploading = await converse(gateway.port);
  uploading.write(wire(...put));
  await uploading.readUntil(/100 Continue\r\n\r\n/);
  uploading.write("body");
  await uploading.readUntil(/app\.internal/);
  uploading.socket.destroy();
  const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`;
  const talking = await converse(gateway.port);
  talking.write(wire("GET / HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key));
  await talking.readUntil(/^HTTP\/1\.1 101 [\s\S]*app\.internal/);
  talking.socket.destroy();
});

test("a snapshot that changes other things keeps the connections to a target", async () => {
  const target = own(await openTarget());
  const gateway = await gatewayTo([target]);
  await get(gateway, "/1");
  gateway.source.offer(snapshotOf([{ target: target.origin, rejectStatus: 404 }], { revision: 2 }));
  await get(gateway, "/2");
  expect(target.connections()).toBe(1);
});

test("a connection on which nothing is asked is kept as long as the limit says", async () => {
  const target = await openRawTarget((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  const http2Target = await openHttp2Target((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
  const routes = [
    { basePath: "/1", target: target.origin },
    { basePath: "/2", targets: [{ url: http2Target.url, http2: true }] },
  ];
  const open = async (timeoutMs: number): Promise<TestGateway> => {
    const limits = { upstreamKeepAliveTimeoutMs: timeoutMs, upstreamHttp2IdleTimeoutMs: timeoutMs };
    return own(await openTestGateway(snapshotOf(routes), { limits }));
  };
  const [patient, hasty] = [await open(600_000), await open(1)];
  for (const path of ["/1", "/2"]) expect((await get(patient, path)).status).toBe(200);
  const [kept] = target.sockets;
  const [keptSession] = http2Target.sessions;
  for (const path of ["/1", "/2"]) expect((await get(hasty, path)).status).toBe(200);
  await until(() => target.sockets.size === 1 && http2Target.sessions.size === 1);
  expect([...target.sockets]).toEqual([kept]);
  expect([...http2Target.sessions]).toEqual([keptSession]);
});
