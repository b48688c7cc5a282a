import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Admin, degradedReasons, openAdmin, type UnreadyReason, unreadyReasons } from "@wherefrom/gateway";
import { afterEach, expect, test } from "vitest";
import { makeCertificate } from "./rig/certificate.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { ask, converse, until } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function own<Thing extends { close(): Promise<void> }>(thing: Thing): Thing {
  open.push(thing);
  return thing;
}

const portOf = (url: string): number => Number(new URL(url).port);

type Scene = { readonly admin: Admin; readonly gateway: TestGateway; readonly target: Target };

async function scene(handler?: Parameters<typeof openTarget>[0], policy: object = {}): Promise<Scene> {
  const target = own(await openTarget(handler));
  const admin = own(await openAdmin({ port: 0 }));
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }], { policy, revision: 7 })));
  admin.show(gateway);
  return { admin, gateway, target };
}

/** The series of a scrape, with their labels as they stand. */
async function scrape(admin: Admin): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${admin.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

type ReadyJson = {
  ready: boolean;
  reasons: { code: UnreadyReason; message: string }[];
  degraded: { code: string }[];
  revision: number | null;
};

async function readyz(admin: Admin): Promise<{ status: number; json: ReadyJson }> {
  const response = await fetch(`${admin.url}/readyz`);
  return { status: response.status, json: (await response.json()) as ReadyJson };
}

const requests = [
  { says: "health", lines: ["GET /healthz HTTP/1.1", "Host: localhost"], status: 200, body: '{"alive":true}' },
  { says: "health with a query", lines: ["GET /healthz?probe=1 HTTP/1.1", "Host: localhost"], status: 200, body: '{"alive":true}' },
  { says: "health to HEAD, without a body", lines: ["HEAD /healthz HTTP/1.1", "Host: localhost"], status: 200, body: "" },
  { says: "by IPv4 with a port", lines: ["GET /healthz HTTP/1.1", "Host: 192.0.2.1:9"], status: 200, body: "alive" },
  { says: "by IPv6", lines: ["GET /healthz HTTP/1.1", "Host: [::1]"], status: 200, body: "alive" },
  { says: "by a listed name", lines: ["GET /healthz HTTP/1.1", "Host: Gateway-1.example:80"], status: 200, body: "alive" },
  {
    says: "no other name: a page could have rebound it",
    lines: ["GET /metrics HTTP/1.1", "Host: evil.example"],
    status: 421,
    body: "ADMIN_HOST_REFUSED",
  },
  {
    says: "no name that begins with an address",
    lines: ["GET /metrics HTTP/1.1", "Host: 127.0.0.1.example"],
    status: 421,
    body: "ADMIN_HOST_REFUSED",
  },
  { says: "no Host at all", lines: ["GET /healthz HTTP/1.0"], status: 421, body: "ADMIN_HOST_REFUSED" },
  { says: "no POST", lines: ["POST /healthz HTTP/1.1", "Host: localhost", "Content-Length: 0"], status: 405, body: "ADMIN_METHOD_REFUSED" },
  { says: "no other path", lines: ["GET /metrics/x HTTP/1.1", "Host: localhost"], status: 404, body: "ADMIN_PATH_UNKNOWN" },
  {
    says: "no path in absolute form",
    lines: ["GET http://localhost/healthz HTTP/1.1", "Host: localhost"],
    status: 404,
    body: "ADMIN_PATH_UNKNOWN",
  },
];

test.each(requests)("the admin listener answers $says", async ({ lines, status, body }) => {
  const admin = own(await openAdmin({ port: 0, names: ["gateway-1.example"] }));
  const [first = "", ...rest] = lines;
  const response = await ask(portOf(admin.url), first, ...rest);
  expect(response.status).toBe(status);
  expect(response.head.toLowerCase()).toContain("cache-control: no-store");
  if (body === "") expect(response.body).toBe("");
  else expect(response.body).toContain(body);
});

test("readiness: starting, ready with its revision, draining", async () => {
  const early = own(await openAdmin({ port: 0 }));
  expect(await readyz(early)).toMatchObject({ status: 503, json: { ready: false, reasons: [{ code: "starting" }], revision: null } });
  let release: (() => void) | undefined;
  const { admin, gateway } = await scene((_request, response) => {
    release = () => response.end("late");
  });
  expect(await readyz(admin)).toEqual({ status: 200, json: { ready: true, reasons: [], degraded: [], revision: 7 } });
  const client = await converse(gateway.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => release !== undefined);
  const closing = gateway.close();
  expect(await readyz(admin)).toMatchObject({ status: 503, json: { ready: false, reasons: [{ code: "draining" }] } });
  expect((await scrape(admin)).get("wherefrom_ready")).toBe(0);
  release?.();
  await client.readUntil(/late/);
  await closing;
});

test("metrics count what happened, by words that no client chose", async () => {
  const policy = {
    headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -2, trustedPeers: ["127.0.0.0/8"] },
    fallback: "REJECT",
  };
  const { admin, gateway } = await scene((request, response) => {
    response.statusCode = request.url === "/missing" ? 404 : 200;
    response.end();
  }, policy);
  const chain = "X-Forwarded-For: 192.0.2.1, 192.0.2.2";
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a", chain);
  await ask(gateway.port, "GET /missing HTTP/1.1", "Host: a", chain);
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.77");
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "Host: b");
  const series = await scrape(admin);
  const expected = {
    'wherefrom_requests_total{status="2xx"}': 1,
    'wherefrom_requests_total{status="4xx"}': 3,
    'wherefrom_requests_total{status="5xx"}': 0,
    'wherefrom_resolutions_total{outcome="resolved",trust="verified",reason="none"}': 2,
    'wherefrom_resolutions_total{outcome="rejected",trust="unverified",reason="index-out-of-range"}': 1,
    'wherefrom_faults_total{code="CLIENT_ADDRESS_UNKNOWN"}': 1,
    'wherefrom_faults_total{code="REQUEST_HOST_INVALID"}': 1,
    wherefrom_request_duration_seconds_count: 4,
    'wherefrom_request_duration_seconds_bucket{le="+Inf"}': 4,
    wherefrom_open_exchanges: 0,
    wherefrom_open_tunnels: 0,
    wherefrom_snapshot_revision: 7,
    wherefrom_records_dropped_total: 0,
    wherefrom_ready: 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, series.get(name)]))).toEqual(expected);
  expect(series.get("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect([...series.keys()].some((name) => name.startsWith("nodejs_eventloop_lag"))).toBe(true);
  // A source that is fed by hand follows no control, so nothing is said about one.
  expect(series.has("wherefrom_control_connected")).toBe(false);
  expect([...series.keys()].filter((name) => name.includes("192.0.2"))).toEqual([]);
});

test("a client that comes past the vendor is counted as untrusted-peer, and the target is told the peer and no claim", async () => {
  const { admin, gateway, target } = await scene(undefined, {
    singleHeaderAlgorithm: { ipHeaderName: "CF-Connecting-IP", trustedPeers: ["provider:cloudflare"] },
  });
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "CF-Connecting-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6");
  expect((await scrape(admin)).get('wherefrom_resolutions_total{outcome="fallback",trust="verified",reason="untrusted-peer"}')).toBe(1);
  const received = target.received.at(-1) as Received;
  expect(linesOf(received, "x-real-ip")).toEqual(["127.0.0.1"]);
  expect(received.fields.join("\n")).not.toContain("6.6.6.6");
});

const doubtful = [
  { sends: ["Connection: keep-alive, X-Forwarded-For"], named: 1, disagree: 0 },
  { sends: ["Connection: x-a", "Connection: close,X_REAL_IP"], named: 1, disagree: 0 },
  { sends: ["Connection: keep-alive, X-Secret"], named: 0, disagree: 0 },
  { sends: ["Connection: keep-alive"], named: 0, disagree: 0 },
  { sends: ["Forwarded: for=192.0.2.9, for=192.0.2.7", "X-Forwarded-For: 192.0.2.8"], named: 0, disagree: 1 },
  { sends: ["Forwarded: for=192.0.2.9", "X-Forwarded-For: 192.0.2.8", "X-Forwarded-For: 192.0.2.9"], named: 0, disagree: 0 },
  { sends: ['Forwarded: for="[2001:db8::1]"', "X-Forwarded-For: 2001:DB8:0::1"], named: 0, disagree: 0 },
  { sends: ["Forwarded: for=192.0.2.9"], named: 0, disagree: 0 },
  { sends: ["Forwarded: for=_hidden", "X-Forwarded-For: 192.0.2.8"], named: 0, disagree: 0 },
];

test("a header that speaks against itself about the client is counted, and the policy alone decides", async () => {
  const { admin, gateway, target } = await scene(undefined, {
    headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1, trustedPeers: ["127.0.0.0/8"] },
  });
  const counted = async () => {
    const series = await scrape(admin);
    return ["client-header-in-connection", "chains-disagree"].map((doubt) => series.get(`wherefrom_header_doubts_total{doubt="${doubt}"}`));
  };
  const sums = [0, 0];
  for (const { sends, named, disagree } of doubtful) {
    expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a", ...sends)).status).toBe(200);
    sums[0] = (sums[0] ?? 0) + named;
    sums[1] = (sums[1] ?? 0) + disagree;
    expect([sends, await counted()]).toEqual([sends, sums]);
  }
  // Of two chains the one that the policy names counts.
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a", "Forwarded: for=192.0.2.9", "X-Forwarded-For: 192.0.2.8");
  expect(linesOf(target.received.at(-1) as Received, "x-real-ip")).toEqual(["192.0.2.8"]);
});

test("buckets are cumulative, and the gauges follow what is open", async () => {
  let release: (() => void) | undefined;
  const { admin, gateway } = await scene((_request, response) => {
    release = () => response.end("done");
  });
  const client = await converse(gateway.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => release !== undefined);
  const during = await scrape(admin);
  expect([during.get("wherefrom_open_connections"), during.get("wherefrom_open_exchanges")]).toEqual([1, 1]);
  release?.();
  await client.readUntil(/done/);
  const after = await scrape(admin);
  expect(after.get("wherefrom_open_exchanges")).toBe(0);
  const buckets = [...after].filter(([name]) => name.startsWith("wherefrom_request_duration_seconds_bucket")).map(([, value]) => value);
  expect(buckets).toEqual(buckets.toSorted((left, right) => left - right));
  expect(buckets.at(-1)).toBe(1);
  client.socket.destroy();
});

test("a path, a header or a method of a client's own makes no new series", async () => {
  const { admin, gateway } = await scene();
  // pressures are told from the first look at the load on, which may be now or between the two scrapes
  const isCounted = (name: string) => name.startsWith("wherefrom_") && !name.startsWith("wherefrom_overload_pressure");
  const namesOf = async () => [...(await scrape(admin)).keys()].filter(isCounted).sort();
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  const before = await namesOf();
  for (let index = 0; index < 20; index += 1) {
    await ask(gateway.port, `PATCH /${index} HTTP/1.1`, `Host: h${index}`, `X-${index}: ${index}`, `X-Forwarded-For: 192.0.2.${index}`);
  }
  expect(await namesOf()).toEqual(before);
});

test("a subject that fails is an answer with a code, and the listener goes on", async () => {
  const admin = own(await openAdmin({ port: 0 }));
  admin.show({
    readiness: () => Promise.reject(new Error("lost \u001b[31m")),
    metrics: async () => [],
  });
  const response = await fetch(`${admin.url}/readyz`);
  expect([response.status, await response.json()]).toEqual([500, { error: { code: "ADMIN_FAULT", message: "Error: lost \\x1b[31m" } }]);
  expect((await fetch(`${admin.url}/healthz`)).status).toBe(200);
});

/** The first cells of the table under a heading that is introduced by its own first cell. */
function firstColumn(page: string, head: string): string[] {
  const rows =
    page
      .slice(page.indexOf(`| ${head} |`))
      .split("\n\n")[0]
      ?.split("\n")
      .slice(2) ?? [];
  return rows.map((row) => /^\| `([^`]+)` \|/.exec(row)?.[1] ?? row);
}

const page = readFileSync(new URL("../../../docs/guides/operate.md", import.meta.url), "utf8");

test("metrics say how each target does, how long a certificate lasts, and what is given up", async () => {
  const admin = own(await openAdmin({ port: 0 }));
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-admin-"));
  const [certFile, keyFile] = [join(folder, "server.crt"), join(folder, "server.key")];
  const { cert, key } = makeCertificate({ notAfter: new Date(Date.now() + 86_400_000) });
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const working = own(await openTarget());
  const gone = "http://127.0.0.1:1";
  const targets = [working.origin, gone].map((url) => ({ url }));
  const limits = { maxTargetFailures: 1 };
  const readings = {
    medianLoopDelayMs: 0,
    p99LoopDelayMs: 0,
    cpuPercent: 0,
    heapBytes: 0,
    heapLimitBytes: 100,
    rssBytes: 90,
    rssLimitBytes: 100,
  };
  const gateway = own(
    await openTestGateway(snapshotOf([{ targets }]), {
      listeners: [{ port: 0 }, { port: 0, tls: { certFile, keyFile } }],
      limits: { ...limits, overloadIntervalMs: 2 },
      processReader: { read: () => readings, close: () => undefined },
    }),
  );
  admin.show(gateway);
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  await until(() => gateway.overloadState().step !== "none");
  const series = await scrape(admin);
  const of = (name: string, target: string) => series.get(`wherefrom_target_${name}{target="${target}"}`);
  expect([working.origin, gone].map((url) => [of("ejected", url), of("failures_in_row", url), of("open", url)])).toEqual([
    [0, 0, 0],
    [1, 1, 0],
  ]);
  expect(series.get("wherefrom_overload_stage")).toBe(1);
  const left = series.get(`wherefrom_certificate_expires_in_seconds{file="${certFile}"}`);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(86_400);
  rmSync(folder, { recursive: true });
});

test("the page for operators lists the metrics that there are, and no other", async () => {
  const { admin } = await scene();
  const text = await (await fetch(`${admin.url}/metrics`)).text();
  const families = [...text.matchAll(/^# TYPE (wherefrom_\S+) /gm)].map(([, name]) => name ?? "");
  expect(firstColumn(page, "metric").sort()).toEqual(families.sort());
});

test("the page for operators lists the reasons of readiness, and no other", () => {
  expect(firstColumn(page, "reason")).toEqual(Object.keys(unreadyReasons));
  expect(firstColumn(page, "degraded")).toEqual(Object.keys(degradedReasons));
});
