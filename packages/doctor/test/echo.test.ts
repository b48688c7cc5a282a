import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createResolver, parsePolicy } from "wherefrom";
import { WebSocket } from "ws";
import { createEcho } from "../src/echo/echo.ts";
import { type HostSources, hostFactsFor } from "../src/echo/host-facts.ts";
import { type Observation, parseObservation } from "../src/echo/observation.ts";
import { type EchoNotice, type RunningEcho, serveEcho } from "../src/echo/serve-echo.ts";
import { askSs } from "../src/echo/tcp-round-trip.ts";
import { requestOf, sendRaw } from "./raw-request.ts";

const PATH = "/.wherefrom-echo-under-test";
const NONCE = "abcdefghij0123456789";
const notices: EchoNotice[] = [];
let echo: RunningEcho;

beforeAll(async () => {
  const resolver = createResolver(parsePolicy({ headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 } }));
  echo = await serveEcho({ listen: { host: "127.0.0.1", port: 0 }, path: PATH, resolver, onNotice: (notice) => notices.push(notice) });
});
afterAll(() => echo.close());

const HOST = "Host: x.example";
const CLOSE = "Connection: close";

async function observe(...lines: readonly string[]): Promise<Observation> {
  const answer = await sendRaw(echo.address.port, requestOf(`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, CLOSE, ...lines));
  const observation = parseObservation(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  if (observation === undefined) throw new Error(answer);
  return observation;
}

const statusOf = (answer: string): number => Number(answer.split(" ")[1]);

describe("an observation", () => {
  test("has every line as it came, the peer, and what the policy says", async () => {
    const observation = await observe("x-forwarded-FOR: 192.0.2.1", "X-Forwarded-For: 192.0.2.2,  192.0.2.3", "X_Forwarded_For: 192.0.2.4");
    expect(observation.headers).toEqual([
      ["Host", "x.example"],
      ["Connection", "close"],
      ["x-forwarded-FOR", "192.0.2.1"],
      ["X-Forwarded-For", "192.0.2.2,  192.0.2.3"],
      ["X_Forwarded_For", "192.0.2.4"],
    ]);
    expect(observation).toMatchObject({
      nonce: NONCE,
      transport: "http",
      peer: { address: "127.0.0.1" },
      resolution: { ip: "192.0.2.1", trust: "unverified" },
    });
  });

  test("counts, and an answer is never to be stored", async () => {
    const [first, second] = [await observe(), await observe()];
    expect(second.sequence).toBe(first.sequence + 1);
    const answer = await sendRaw(echo.address.port, requestOf(`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, CLOSE));
    expect(answer.toLowerCase()).toContain("cache-control: no-store");
    expect(answer).toContain(`x-wherefrom-echo: ${echo.instance}`);
  });

  test("hides what proves who somebody is", async () => {
    const { headers } = await observe("Authorization: Bearer s3cret", "Cookie: session=s3cret", "X-Api-Key: s3cret");
    expect(JSON.stringify(headers)).not.toContain("s3cret");
    expect(headers).toContainEqual(["Authorization", "(hidden)"]);
  });

  test("is ASCII, whatever bytes arrive, and means them", async () => {
    const answer = await sendRaw(
      echo.address.port,
      requestOf(`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, CLOSE, "X-Forwarded-For: \xa01.1.1.1\x9b"),
    );
    expect(answer).not.toMatch(/[^\r\n -~]/);
    expect(parseObservation(answer.slice(answer.indexOf("\r\n\r\n") + 4))?.headers.at(-1)).toEqual(["X-Forwarded-For", "\xa01.1.1.1\x9b"]);
  });

  test("has all of 1,200 fields: none is dropped in silence", async () => {
    const { headers } = await observe(...Array.from({ length: 1_200 }, (_, index) => `a${index}: 1`), "X-Forwarded-For: 192.0.2.9");
    expect(headers).toHaveLength(1_203);
    expect(headers.at(-1)).toEqual(["X-Forwarded-For", "192.0.2.9"]);
  });

  test("has trailers apart", async () => {
    const answer = await sendRaw(
      echo.address.port,
      `${requestOf(`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, CLOSE, "Transfer-Encoding: chunked", "Trailer: X-Forwarded-For")}0\r\nX-Forwarded-For: 192.0.2.8\r\n\r\n`,
    );
    expect(parseObservation(answer.slice(answer.indexOf("\r\n\r\n") + 4))?.trailers).toEqual([["X-Forwarded-For", "192.0.2.8"]]);
  });
});

const refused: { says: string; lines: readonly string[]; status: number }[] = [
  { says: "another path", lines: ["GET / HTTP/1.1", HOST, CLOSE], status: 404 },
  { says: "the path without a nonce", lines: [`GET ${PATH} HTTP/1.1`, HOST, CLOSE], status: 404 },
  { says: "a nonce that could be guessed", lines: [`GET ${PATH}/1 HTTP/1.1`, HOST, CLOSE], status: 404 },
  { says: "a path that only begins like it", lines: [`GET ${PATH}x/${NONCE} HTTP/1.1`, HOST, CLOSE], status: 404 },
  { says: "a handshake for another path", lines: ["GET / HTTP/1.1", HOST, "Connection: upgrade", "Upgrade: websocket"], status: 404 },
  { says: "another method", lines: [`POST ${PATH}/${NONCE} HTTP/1.1`, HOST, CLOSE, "Content-Length: 0"], status: 405 },
  {
    says: "an upgrade that is no WebSocket",
    lines: [`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, "Connection: upgrade", "Upgrade: h2c"],
    status: 400,
  },
  {
    says: "length and chunks at once",
    lines: [`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, "Content-Length: 1", "Transfer-Encoding: chunked"],
    status: 400,
  },
];

const nearby = [
  { says: "the path", target: PATH, isOwn: true },
  { says: "what is below it", target: `${PATH}/${NONCE}`, isOwn: true },
  { says: "the absolute form", target: `http://x.example${PATH}/${NONCE}`, isOwn: true },
  { says: "a query behind it", target: `${PATH}?x=/`, isOwn: true },
  { says: "its first character wrong", target: `/x${PATH.slice(2)}/${NONCE}`, isOwn: false },
  { says: "its last character wrong", target: `${PATH.slice(0, -1)}x/${NONCE}`, isOwn: false },
  { says: "its last character missing", target: PATH.slice(0, -1), isOwn: false },
  { says: "a character more", target: `${PATH}x`, isOwn: false },
  { says: "another case", target: PATH.toUpperCase(), isOwn: false },
  { says: "a character escaped", target: PATH.replace("echo", "%65cho"), isOwn: false },
  { says: "the path behind another", target: `/x${PATH}/${NONCE}`, isOwn: false },
  { says: "nothing", target: "/", isOwn: false },
];

test.each(nearby)("with $says the request is the echo's own: $isOwn", async ({ target, isOwn }) => {
  const inside = createEcho({ path: PATH });
  const server = createServer((request, response) => inside.middleware(request, response, () => response.end("the service")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const answer = await sendRaw((server.address() as AddressInfo).port, requestOf(`GET ${target} HTTP/1.1`, HOST, CLOSE));
    expect({ byEcho: answer.includes("x-wherefrom-echo"), byService: answer.includes("the service") }).toEqual({
      byEcho: isOwn,
      byService: !isOwn,
    });
  } finally {
    server.close();
  }
});

test.each(refused)("$says gets $status, and says that the echo answered", async ({ lines, status }) => {
  const answer = await sendRaw(echo.address.port, requestOf(...lines));
  expect({ status: statusOf(answer), byEcho: answer.includes(`x-wherefrom-echo: ${echo.instance}`) }).toEqual({ status, byEcho: true });
});

test("a WebSocket gets the same, with its round trips", async () => {
  const client = new WebSocket(`ws://127.0.0.1:${echo.address.port}${PATH}/${NONCE}`, { headers: { "X-Forwarded-For": "192.0.2.1" } });
  const text = await new Promise<string>((resolve, reject) => client.on("message", (data) => resolve(String(data))).on("error", reject));
  const observation = parseObservation(text);
  expect(observation).toMatchObject({ nonce: NONCE, transport: "websocket", resolution: { ip: "192.0.2.1" } });
  if (observation?.roundTrip !== undefined) expect(observation.roundTrip.applicationMs).toBeGreaterThan(0);
});

const preambles: { says: string; bytes: Buffer; notice: Partial<EchoNotice> }[] = [
  {
    says: "PROXY protocol v1",
    bytes: Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n"),
    notice: { kind: "proxy-protocol", version: "v1" },
  },
  {
    says: "PROXY protocol v2",
    bytes: Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201c000020200010002", "hex"),
    notice: { kind: "proxy-protocol", version: "v2" },
  },
  { says: "a TLS handshake", bytes: Buffer.from("160301020001000102", "hex"), notice: { kind: "tls" } },
  { says: "neither", bytes: Buffer.from("hello\r\n\r\n"), notice: { kind: "malformed" } },
];

test.each(preambles)("a connection that begins with $says is noticed", async ({ bytes, notice }) => {
  notices.length = 0;
  expect(statusOf(await sendRaw(echo.address.port, bytes))).toBe(400);
  expect(notices).toEqual([expect.objectContaining({ ...notice, peer: "127.0.0.1" })]);
});

test.each(["", "/", "/short", "/0123456789abcdef/", "no-slash-0123456789", "/with space 0123456789"])(
  "«%s» is no path for an echo",
  (path) => {
    expect(() => createEcho({ path })).toThrow(RangeError);
  },
);

test("as middleware it takes its own path and leaves the rest", async () => {
  const inside = createEcho({ path: PATH });
  const server = createServer((request, response) => inside.middleware(request, response, () => response.end("the service")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("the service");
    expect(parseObservation(await (await fetch(`http://127.0.0.1:${port}${PATH}/${NONCE}?x=1`)).text())?.nonce).toBe(NONCE);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("more than its rate is refused, and told apart from a proxy's refusal", async () => {
  const busy = await serveEcho({ listen: { host: "127.0.0.1", port: 0 }, path: PATH });
  try {
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => sendRaw(busy.address.port, requestOf(`GET ${PATH}/${NONCE} HTTP/1.1`, HOST, CLOSE))),
    );
    const statuses = answers.map(statusOf);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(50);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(answers.every((answer) => answer.includes("x-wherefrom-echo"))).toBe(true);
  } finally {
    await busy.close();
  }
});

describe("what a host knows of a peer", () => {
  // eth0's default route goes to 10.77.0.1; addresses are little-endian
  const route =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nlan\t00004D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\nlan\t00000000\t01004D0A\t0003\t0\t0\t0\t00000000\n";
  const route6 =
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 1 0 00450003 eth0\n";
  const sourcesOf = (files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}): HostSources => ({
    readText: (path) => files[path],
    environment,
    ownPrefixes: () => ["10.77.0.180/24", "127.0.0.1/8"],
  });
  const host = sourcesOf({
    "/proc/net/route": route,
    "/proc/net/ipv6_route": route6,
    "/proc/version": "Linux version 6.1",
    "/proc/1/cgroup": "0::/init.scope",
  });

  const rows: { peer: string; sources: HostSources; knows: object }[] = [
    { peer: "10.77.0.1", sources: host, knows: { isPeerDefaultGateway: true, isPeerInOwnSubnet: true, container: "no" } },
    { peer: "::ffff:10.77.0.1", sources: host, knows: { isPeerDefaultGateway: true } },
    { peer: "10.77.0.112", sources: host, knows: { isPeerDefaultGateway: false, isPeerInOwnSubnet: true } },
    { peer: "203.0.113.7", sources: host, knows: { isPeerDefaultGateway: false, isPeerInOwnSubnet: false } },
    { peer: "fe80::1%eth0", sources: host, knows: { isPeerDefaultGateway: true } },
    { peer: "10.77.0.1", sources: sourcesOf({}), knows: { container: "unknown" } },
    { peer: "x", sources: sourcesOf({ "/.dockerenv": "" }), knows: { container: "docker" } },
    { peer: "x", sources: sourcesOf({ "/run/.containerenv": 'engine="podman"\nrootless=1\n' }), knows: { container: "podman-rootless" } },
    { peer: "x", sources: sourcesOf({ "/.dockerenv": "" }, { KUBERNETES_SERVICE_HOST: "10.0.0.1" }), knows: { container: "k8s" } },
    { peer: "x", sources: sourcesOf({ "/proc/version": "Linux 5.15-microsoft-standard-WSL2" }), knows: { container: "wsl" } },
    { peer: "x", sources: sourcesOf({}, { ISTIO_META_POD_PORTS: "[]" }), knows: { hasSidecar: true } },
  ];

  test.each(rows)("$peer: $knows", ({ peer, sources, knows }) => {
    expect(hostFactsFor({ peer, local: "10.77.0.180" }, sources)).toMatchObject(knows);
  });

  test("where the system does not say, nobody knows the gateway", () => {
    expect(hostFactsFor({ peer: "10.77.0.1", local: "10.77.0.180" }, sourcesOf({}))).not.toHaveProperty("isPeerDefaultGateway");
  });
});

test("a connection that is not there has no round trip", async () => {
  expect(await askSs({ localPort: 1, peerPort: 1 })).toBeUndefined();
});

test.each(["", "{}", "[]", "null", '{"version":1}', "<html>"])("«%s» is no observation", (text) => {
  expect(parseObservation(text)).toBeUndefined();
});
