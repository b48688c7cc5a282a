import type { Notice } from "@wherefrom/gateway";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { openTarget } from "./rig/target.ts";
import { ask, converse, until, wire } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function own<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

/** A target that says its name and the client it was told. */
async function openNamed(name: string) {
  return own(await openTarget((request, response) => response.end(`${name} ${request.headers["x-real-ip"]};`)));
}

const byIndex = (ipHeaderIndex: number) => ({ headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex } });

test("a new snapshot rules the next request on a connection that stays open", async () => {
  const one = await openNamed("one");
  const two = await openNamed("two");
  const gateway = own(await openTestGateway(snapshotOf([{ target: one.origin }], { policy: byIndex(-1) })));
  const conversation = await converse(gateway.port);
  const request = wire("GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.1, 192.0.2.2");
  conversation.write(request);
  await conversation.readUntil(/one 192\.0\.2\.2;/);
  gateway.source.offer(snapshotOf([{ target: two.origin }], { policy: byIndex(0), revision: 2 }));
  expect(gateway.revision()).toBe(2);
  conversation.write(request);
  await conversation.readUntil(/two 192\.0\.2\.1;/);
  conversation.socket.destroy();
});

test("a request in flight ends as it began, and its target's connections are closed afterwards", async () => {
  let finish: (() => void) | undefined;
  const old = own(
    await openTarget((_request, response) => {
      finish = () => response.end("from the old one");
    }),
  );
  const next = await openNamed("next");
  const gateway = own(await openTestGateway(snapshotOf([{ target: old.origin }])));
  const answer = ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  await until(() => finish !== undefined);
  gateway.source.offer(snapshotOf([{ target: next.origin }], { revision: 2 }));
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).body).toMatch(/next/);
  expect(old.connections()).toBe(1);
  finish?.();
  expect((await answer).body).toMatch(/from the old one/);
  await until(() => old.connections() === 0);
});

test("a target that stays keeps its connection", async () => {
  const target = await openNamed("same");
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  let connections = 0;
  for (let revision = 2; revision < 12; revision++) {
    await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
    gateway.source.offer(snapshotOf([{ target: target.origin }], { revision }));
    connections = Math.max(connections, target.connections());
  }
  expect(connections).toBe(1);
});

test("an open WebSocket outlives its route", async () => {
  const sockets = new WebSocketServer({ noServer: true });
  const target = own(
    await openTarget(undefined, (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (client) => client.on("message", (data) => client.send(data))),
    ),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`);
  await new Promise((resolve) => socket.once("open", resolve));
  gateway.source.offer(snapshotOf([], { revision: 2 }));
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).status).toBe(404);
  const echoed = new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
  socket.send("still here");
  expect(await echoed).toBe("still here");
  socket.terminate();
});

const edgePolicy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "provider:edge"] } };

function rangesOf(prefixes: readonly string[], name = "edge"): object {
  return { [name]: { source: "https://edge.example/ranges", retrievedAt: "2026-11-01", prefixes } };
}

test("a provider means what the snapshot says, and what is built in where it says nothing", async () => {
  const target = await openNamed("edge");
  const gateway = own(
    await openTestGateway({ ...snapshotOf([{ target: target.origin }], { policy: edgePolicy }), ranges: rangesOf(["13.33.0.0/16"]) }),
  );
  const answered = async () => (await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.1, 13.33.0.9")).body;
  expect(await answered()).toMatch(/edge 192\.0\.2\.1;/);
  const cloudflare = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.1", "provider:cloudflare"] } };
  gateway.source.offer(snapshotOf([{ target: target.origin }], { policy: cloudflare, revision: 2 }));
  expect(await answered()).toMatch(/edge 13\.33\.0\.9;/);
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.1, 173.245.48.1")).body).toMatch(/192\.0\.2\.1;/);
  const own173 = {
    ...snapshotOf([{ target: target.origin }], { policy: cloudflare, revision: 3 }),
    ranges: rangesOf(["13.33.0.0/16"], "cloudflare"),
  };
  gateway.source.offer(own173);
  expect(await answered()).toMatch(/edge 192\.0\.2\.1;/);
});

const good = { target: "http://127.0.0.1:1" };

const faulty = [
  { what: "no object", snapshot: "snapshot", pointers: [""] },
  { what: "nothing", snapshot: undefined, pointers: [""] },
  { what: "an unknown field", snapshot: { ...snapshotOf([good]), extra: 1 }, pointers: ["/extra"] },
  { what: "revision 0", snapshot: snapshotOf([good], { revision: 0 }), pointers: ["/revision"] },
  { what: "a target with a path", snapshot: snapshotOf([{ target: "http://a/b" }]), pointers: ["/routes/0/target"] },
  { what: "a target of another scheme", snapshot: snapshotOf([{ target: "ftp://a" }]), pointers: ["/routes/0/target"] },
  {
    what: "two faults in the policy and one in a route",
    snapshot: snapshotOf([{ target: "x" }], {
      policy: { trustedProxiesAlgorithm: { ipHeaderName: "X", trustedProxies: ["10.0.0.1/8", "y"] } },
    }),
    pointers: [
      "/routes/0/target",
      "/clientIpResolutionConfig/trustedProxiesAlgorithm/trustedProxies/0",
      "/clientIpResolutionConfig/trustedProxiesAlgorithm/trustedProxies/1",
    ],
  },
  {
    what: "a provider that nobody knows",
    snapshot: snapshotOf([good], { policy: edgePolicy }),
    pointers: ["/clientIpResolutionConfig/trustedProxiesAlgorithm/trustedProxies/1"],
  },
  {
    what: "ranges that are no networks of a provider, and a fault elsewhere",
    snapshot: {
      ...snapshotOf([{ target: "x" }]),
      ranges: rangesOf(["13.33.0.0/16", "0.0.0.0/0", "10.0.0.0/8", "13.33.0.1/16", "::ffff:13.33.0.0/112"]),
    },
    pointers: [
      "/ranges/edge/prefixes/1",
      "/ranges/edge/prefixes/2",
      "/ranges/edge/prefixes/3",
      "/ranges/edge/prefixes/4",
      "/routes/0/target",
    ],
  },
  { what: "empty ranges", snapshot: { ...snapshotOf([good]), ranges: rangesOf([]) }, pointers: ["/ranges/edge/prefixes"] },
  {
    what: "ranges that a standard fixes",
    snapshot: { ...snapshotOf([good]), ranges: rangesOf(["13.33.0.0/16"], "private") },
    pointers: ["/ranges/private"],
  },
  { what: "ranges of no name", snapshot: { ...snapshotOf([good]), ranges: rangesOf(["13.33.0.0/16"], "A b") }, pointers: ["/ranges/A b"] },
  {
    what: "ranges that its policy needs, and a fault elsewhere",
    snapshot: { ...snapshotOf([{ target: "x" }], { policy: edgePolicy }), ranges: rangesOf(["13.33.0.0/16"]) },
    pointers: ["/routes/0/target"],
  },
  {
    what: "one name twice",
    snapshot: snapshotOf([
      { ...good, name: "n" },
      { ...good, name: "n", basePath: "/x" },
    ]),
    pointers: ["/routes/1/name"],
  },
  {
    what: "two routes for one place",
    snapshot: snapshotOf([
      { ...good, basePath: "/x" },
      { ...good, basePath: "/x/" },
    ]),
    pointers: ["/routes/1/basePath"],
  },
  {
    what: "two spellings of one host",
    snapshot: snapshotOf([
      { ...good, host: "A.example" },
      { ...good, host: "a.EXAMPLE" },
    ]),
    pointers: ["/routes/1/basePath"],
  },
];

test.each(faulty)("a snapshot with $what is refused whole, with all its faults", async ({ snapshot, pointers }) => {
  const notices: Notice[] = [];
  const target = await openNamed("running");
  const gateway = own(
    await openTestGateway(snapshotOf([{ target: target.origin }], { revision: 7 }), { onNotice: (notice) => notices.push(notice) }),
  );
  const offered = gateway.source.offer(snapshot);
  expect(offered).toMatchObject({ kind: "refused", running: 7 });
  if (offered.kind === "refused") expect(offered.issues.map((issue) => issue.pointer)).toEqual(pointers);
  expect(notices.map((notice) => notice.code)).toEqual(["SNAPSHOT_APPLIED", "SNAPSHOT_REFUSED"]);
  expect(gateway.revision()).toBe(7);
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a")).body).toMatch(/running/);
});

const routes = [
  { name: "any", host: "*", basePath: "/" },
  { name: "any-api", host: "*", basePath: "/api" },
  { name: "any-api-v1", host: "*", basePath: "/api/v1/" },
  { name: "below", host: "*.Example.com", basePath: "/" },
  { name: "deep", host: "*.eu.example.com", basePath: "/" },
  { name: "exact", host: "shop.example.com", basePath: "/" },
  { name: "exact-api", host: "shop.example.com", basePath: "/api" },
  { name: "v6", host: "[::1]", basePath: "/" },
];

const places = [
  { host: "other", path: "/", goesTo: "any" },
  { host: "other", path: "/api", goesTo: "any-api" },
  { host: "other", path: "/api?x=/y", goesTo: "any-api" },
  { host: "other", path: "/apis", goesTo: "any" },
  { host: "other", path: "/api/v1", goesTo: "any-api-v1" },
  { host: "other", path: "/api/v1/x", goesTo: "any-api-v1" },
  { host: "other", path: "/api/v10", goesTo: "any-api" },
  { host: "example.com", path: "/", goesTo: "any" }, // *.domain is what lies below it
  { host: "a.example.com", path: "/api", goesTo: "below" },
  { host: "A.B.EXAMPLE.COM:8080", path: "/", goesTo: "below" },
  { host: "a.eu.example.com", path: "/", goesTo: "deep" },
  { host: "shop.example.com", path: "/x", goesTo: "exact" },
  { host: "shop.example.com.:80", path: "/api/x", goesTo: "exact-api" },
  { host: "notshop.example.com", path: "/", goesTo: "below" },
  { host: "[::1]:8080", path: "/", goesTo: "v6" },
];

test.each(places)("$host $path goes to $goesTo", async ({ host, path, goesTo }) => {
  const target = own(await openTarget());
  let route: string | undefined;
  const snapshot = snapshotOf(routes.map((each) => ({ ...each, target: target.origin })));
  const gateway = own(
    await openTestGateway(snapshot, {
      onExchange: (record) => {
        route = record.route;
      },
    }),
  );
  await ask(gateway.port, `GET ${path} HTTP/1.1`, `Host: ${host}`);
  await until(() => route !== undefined);
  expect(route).toBe(goesTo);
});

test("a request without an address gets its route's status and does not reach the target", async () => {
  const target = own(await openTarget());
  const policy = { ...byIndex(-1), fallback: "REJECT" };
  const places = [
    { target: target.origin, basePath: "/a" },
    { target: target.origin, basePath: "/b", rejectStatus: 451 },
  ];
  const gateway = own(await openTestGateway(snapshotOf(places, { policy })));
  for (const { path, status } of [
    { path: "/a", status: 400 },
    { path: "/b", status: 451 },
    { path: "/c", status: 400 },
  ]) {
    const response = await ask(gateway.port, `GET ${path} HTTP/1.1`, "Host: a", "X-Forwarded-For: unknown");
    expect(response.status).toBe(status);
    expect(JSON.parse(response.body).error).toEqual({
      code: "CLIENT_ADDRESS_UNKNOWN",
      message: "The client address cannot be determined: hop-not-an-address",
    });
  }
  expect(target.received).toEqual([]);
});
