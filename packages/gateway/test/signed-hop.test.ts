import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExchangeRecord, GatewayOptions, Notice, SignedHopOptions } from "@wherefrom/gateway";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { HopMemory } from "../src/signed-hop/used-hops.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { makeHop, SECRET } from "./rig/hop.ts";
import { linesOf, namesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { ask, converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-hop-"));
const secretFile = join(folder, "secret");
const edge = { id: "edge", secretFile };
const inner = { id: "inner", secretFile: join(folder, "inner") };

let target: Target;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  writeFileSync(secretFile, `${SECRET}\n`);
  writeFileSync(inner.secretFile, "another secret, which is as long as it has to be");
  target = await openTarget();
});
afterAll(async () => {
  await target.close();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

type Node = TestGateway & { readonly records: ExchangeRecord[]; readonly notices: Notice[]; readonly origin: string };
type NodeOptions = Partial<GatewayOptions> & { readonly target?: string; readonly policy?: object; readonly route?: object };

async function openNode({ target: origin = target.origin, policy = {}, route = {}, ...options }: NodeOptions): Promise<Node> {
  const records: ExchangeRecord[] = [];
  const notices: Notice[] = [];
  const gateway = await openTestGateway(snapshotOf([{ target: origin, ...route }], { policy }), {
    onExchange: (record) => void records.push(record),
    onNotice: (notice) => void notices.push(notice),
    ...options,
  });
  open.push(gateway);
  return { ...gateway, records, notices, origin: `http://127.0.0.1:${gateway.port}` };
}

const trusting = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } };
/** Alone, each gateway behind the first would take the gateway before it for the client. */
const byPeer = { peerAddressAlgorithm: {} };
const accepting: SignedHopOptions = { keys: [edge], accept: { keys: ["edge"] } };

/** A chain of gateways, the client's first; each but the last signs for the next. */
async function openChain(length: number, first: NodeOptions): Promise<readonly [Node, ...Node[]]> {
  const last = await openNode({ policy: byPeer, signedHop: accepting, ...(length === 1 ? first : {}) });
  const nodes: [Node, ...Node[]] = [last];
  for (let left = length - 1; left > 0; left -= 1) {
    const next = nodes[0].origin;
    const accept = left === 1 ? {} : { accept: { keys: ["edge"] } };
    const signedHop = { keys: [edge], sign: { key: "edge", targets: [next] }, ...accept };
    nodes.unshift(await openNode({ target: next, policy: byPeer, signedHop, ...(left === 1 ? first : {}) }));
  }
  return nodes;
}

const clients = [
  {
    what: "a verified client",
    first: { policy: trusting },
    sends: "6.6.6.6, 203.0.113.7:4711",
    says: { ip: "203.0.113.7", port: 4711, key: "203.0.113.7", outcome: "resolved", trust: "verified", reason: undefined },
  },
  {
    what: "an unverified client, which no gateway behind makes verified",
    first: { policy: {} },
    sends: "2001:db8:1:2:3::4, 10.0.0.1",
    says: { ip: "2001:db8:1:2:3::4", key: "2001:db8:1:2::/64", outcome: "resolved", trust: "unverified", reason: undefined },
  },
  {
    what: "a stand-in, which stays one",
    first: { policy: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -3 }, fallback: "PEER" } },
    sends: "203.0.113.7",
    says: { ip: "127.0.0.1", outcome: "fallback", trust: "unverified", reason: "index-out-of-range" },
  },
];
const lengths = [2, 3];
const chains = clients.flatMap((client) => lengths.map((length) => ({ ...client, length })));

describe("a chain of gateways resolves as its first does, whatever the policies of the others", () => {
  test.each(chains)("$length gateways, $what", async ({ length, first, sends, says }) => {
    const nodes = await openChain(length, first);
    const response = await ask(nodes[0].port, "GET /cart?item=7 HTTP/1.1", "Host: shop.example", `X-Forwarded-For: ${sends}`);
    expect(response.status).toBe(200);
    await until(() => nodes.every(({ records }) => records.length > 0));
    for (const [index, { records }] of nodes.entries()) {
      expect(records[0]?.resolution).toMatchObject(Object.fromEntries(Object.entries(says).filter(([, value]) => value !== undefined)));
      expect(records[0]?.resolution?.reason).toBe(says.reason);
      expect(records[0]?.signedHop).toBe(index === 0 ? undefined : "accepted");
      if (index > 0) expect(records[0]?.resolution?.algorithm).toBe("SignedHop{KeyId:edge}");
    }
    const received = target.received.at(-1) as Received;
    expect([linesOf(received, "x-forwarded-for"), linesOf(received, "x-real-ip")]).toEqual([[says.ip], [says.ip]]);
    expect(namesOf(received)).not.toContain("x-wherefrom-hop");
  });

  test.each(lengths)("%i gateways, a WebSocket", async (length) => {
    const service = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    service.on("connection", (socket, request) => socket.send(JSON.stringify(request.rawHeaders)));
    await new Promise((resolve) => service.once("listening", resolve));
    open.push({ close: () => new Promise((resolve) => service.close(() => resolve())) });
    const origin = `http://127.0.0.1:${(service.address() as { port: number }).port}`;
    const last = await openNode({ target: origin, policy: byPeer, signedHop: accepting });
    const nodes: [Node, ...Node[]] = [last];
    for (let left = length - 1; left > 0; left -= 1) {
      const signedHop = { ...accepting, sign: { key: "edge", targets: [nodes[0].origin] } };
      nodes.unshift(await openNode({ target: nodes[0].origin, policy: left === 1 ? trusting : byPeer, signedHop }));
    }
    const socket = new WebSocket(`ws://127.0.0.1:${nodes[0].port}/chat`, { headers: { "X-Forwarded-For": "203.0.113.7" } });
    const fields = await new Promise<string[]>((resolve, reject) => {
      socket.once("message", (data: Buffer) => resolve(JSON.parse(data.toString())));
      socket.once("error", reject);
    });
    socket.terminate();
    expect(linesOf({ fields }, "x-forwarded-for")).toEqual(["203.0.113.7"]);
    expect(nodes.map(({ records }) => records[0]?.resolution?.ip)).toEqual(nodes.map(() => "203.0.113.7"));
    expect(nodes.map(({ records }) => records[0]?.resolution?.trust)).toEqual(nodes.map(() => "verified"));
  });

  test("each gateway with keys of its own: the one in the middle believes the first and is believed by the last", async () => {
    const last = await openNode({ policy: byPeer, signedHop: { keys: [inner], accept: { keys: ["inner"] } } });
    const keys = [edge, inner];
    const signedHop = { keys, accept: { keys: ["edge"] }, sign: { key: "inner", targets: [last.origin] } };
    const middle = await openNode({ target: last.origin, policy: byPeer, signedHop });
    const first = await openNode({
      target: middle.origin,
      policy: trusting,
      signedHop: { keys: [edge], sign: { key: "edge", targets: [middle.origin] } },
    });
    await ask(first.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 203.0.113.7");
    await until(() => last.records.length > 0);
    expect(last.records[0]?.resolution).toMatchObject({ ip: "203.0.113.7", trust: "verified", algorithm: "SignedHop{KeyId:inner}" });
  });

  test("over HTTP/2 between the gateways", async () => {
    const last = await openNode({ policy: byPeer, signedHop: accepting, listeners: [{ port: 0, http2: true }] });
    const signedHop = { keys: [edge], sign: { key: "edge", targets: [last.origin] } };
    const first = await openNode({
      route: { target: undefined, targets: [{ url: last.origin, http2: true }] },
      policy: trusting,
      signedHop,
    });
    expect((await ask(first.port, "GET /cart?item=7 HTTP/1.1", "Host: a", "X-Forwarded-For: 203.0.113.7")).status).toBe(200);
    await until(() => last.records.length > 0);
    expect(last.records[0]).toMatchObject({
      httpVersion: "2.0",
      signedHop: "accepted",
      resolution: { ip: "203.0.113.7", trust: "verified" },
    });
  });

  test("a request that is sent again is signed again", async () => {
    const last = await openNode({ policy: byPeer, signedHop: accepting });
    // Carries connections to the last gateway, and breaks the first when that has answered: it has used the hop then.
    let connections = 0;
    const relay = createServer((client) => {
      connections += 1;
      const isFirst = connections === 1;
      const upstream = connect(last.port, "127.0.0.1");
      client.pipe(upstream);
      upstream.on("data", (chunk) => (isFirst ? client.destroy() : client.write(chunk)));
      for (const socket of [client, upstream]) socket.on("error", () => undefined);
      client.on("close", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    open.push({ close: async () => void relay.close() });
    const origin = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
    const signedHop = { keys: [edge], sign: { key: "edge", targets: [origin] } };
    const first = await openNode({ target: origin, policy: trusting, signedHop });
    expect((await ask(first.port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 203.0.113.7")).status).toBe(200);
    await until(() => last.records.length === 2);
    expect(last.records.map(({ signedHop: hop, resolution }) => [hop, resolution?.ip])).toEqual([
      ["accepted", "203.0.113.7"],
      ["accepted", "203.0.113.7"],
    ]);
  });

  test("with append, the chain in X-Forwarded-For grows as it does without hops, and nobody counts in it", async () => {
    const nodes = await openChain(2, { policy: trusting, route: { forwardedHeaders: "append" } });
    await ask(nodes[0].port, "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 6.6.6.6, 203.0.113.7, 127.0.0.9");
    await until(() => nodes.every(({ records }) => records.length > 0));
    expect(nodes[1]?.records[0]?.flowVariable("request.header.X-Forwarded-For.values.string")).toBe("203.0.113.7, 127.0.0.9, 127.0.0.1");
    expect(nodes[1]?.records[0]?.resolution?.ip).toBe("203.0.113.7");
  });
});

test("a target that is not named gets no hop", async () => {
  const node = await openNode({ policy: trusting, signedHop: { keys: [edge], sign: { key: "edge", targets: ["http://127.0.0.1:1"] } } });
  await ask(node.port, "GET / HTTP/1.1", "Host: a", `X-Wherefrom-Hop: ${makeHop()}`);
  expect(namesOf(target.received.at(-1) as Received)).not.toContain("x-wherefrom-hop");
});

const get = { method: "GET", host: "gateway.example", path: "/" };
const judgements = [
  { what: "a hop that is signed as the page says", hop: makeHop, says: "accepted" },
  {
    what: "IPv6, a port, a fallback",
    hop: () => makeHop({ claim: "ip=2001:db8::1;port=443;outcome=fallback;trust=unverified;reason=header-absent" }),
    says: "accepted",
  },
  { what: "the host in capitals", hop: () => makeHop({ host: "gateway.example" }), host: "Gateway.EXAMPLE", says: "accepted" },
  { what: "another key's secret", hop: () => makeHop({ secret: SECRET.replace("0", "1") }), says: "forged" },
  { what: "a key that nobody has", hop: () => makeHop({ key: "other" }), says: "unknown-key" },
  {
    what: "a key that is known and not accepted",
    hop: () => makeHop({ key: "inner", secret: "another secret, which is as long as it has to be" }),
    says: "unknown-key",
  },
  { what: "signed for another method", hop: () => makeHop({ method: "POST" }), says: "forged" },
  { what: "signed for another host", hop: () => makeHop({ host: "other.example" }), says: "forged" },
  { what: "signed for another path", hop: () => makeHop({ path: "/admin" }), says: "forged" },
  { what: "signed for another query", hop: () => makeHop({ path: "/?admin" }), says: "forged" },
  { what: "a minute old", hop: () => makeHop({ timeMs: Date.now() - 60_000 }), says: "stale" },
  { what: "a minute ahead", hop: () => makeHop({ timeMs: Date.now() + 60_000 }), says: "ahead" },
  {
    what: "an address in another spelling",
    hop: () => makeHop({ claim: "ip=2001:db8:0::1;outcome=resolved;trust=verified" }),
    says: "malformed",
  },
  { what: "nobody's address", hop: () => makeHop({ claim: "ip=0.0.0.0;outcome=resolved;trust=verified" }), says: "malformed" },
  {
    what: "a port that is none",
    hop: () => makeHop({ claim: "ip=192.0.2.1;port=65536;outcome=resolved;trust=verified" }),
    says: "malformed",
  },
  { what: "a rejection", hop: () => makeHop({ claim: "ip=192.0.2.1;outcome=rejected;trust=unverified" }), says: "malformed" },
  { what: "a fallback without a reason", hop: () => makeHop({ claim: "ip=192.0.2.1;outcome=fallback;trust=verified" }), says: "malformed" },
  {
    what: "a reason that is none",
    hop: () => makeHop({ claim: "ip=192.0.2.1;outcome=fallback;trust=verified;reason=no-idea" }),
    says: "malformed",
  },
  { what: "a field more", hop: () => makeHop({ claim: "ip=192.0.2.1;outcome=resolved;trust=verified;admin=1" }), says: "malformed" },
  { what: "a version that is not known", hop: () => makeHop().replace("v=1", "v=2"), says: "malformed" },
  { what: "an address alone", hop: () => "203.0.113.7", says: "malformed" },
  { what: "nothing", hop: () => "", says: "malformed" },
  { what: "no signature", hop: () => makeHop().replace(/;mac=.*/, ""), says: "malformed" },
  { what: "an empty signature", hop: () => makeHop().replace(/mac=.*/, "mac="), says: "malformed" },
  { what: "two in one line", hop: () => `${makeHop()}, ${makeHop()}`, says: "malformed" },
  { what: "twelve kilobytes", hop: () => makeHop().padEnd(12_000, "A"), says: "malformed" },
] as const;

describe("a hop is believed or the policy decides, and nothing in between", () => {
  test.each(judgements)("$what: $says", async ({ hop, says, ...rest }) => {
    const node = await openNode({ policy: byPeer, signedHop: { keys: [edge, inner], accept: { keys: ["edge"] } } });
    const host = "host" in rest ? rest.host : get.host;
    const response = await ask(node.port, "GET / HTTP/1.1", `Host: ${host}`, `X-Wherefrom-Hop: ${hop()}`);
    expect(response.status).toBe(200);
    await until(() => node.records.length > 0);
    expect(node.records[0]?.signedHop).toBe(says);
    if (says === "accepted") return;
    expect(node.records[0]?.resolution).toMatchObject({ ip: "127.0.0.1", trust: "verified", algorithm: "PeerAddressAlgorithm{}" });
    expect(node.notices.filter(({ code }) => code === "SIGNED_HOP_REFUSED")).toHaveLength(1);
  });

  test("two lines are believed neither, also when one of them is good or both are the same", async () => {
    const node = await openNode({ policy: byPeer, signedHop: accepting });
    const good = makeHop();
    for (const lines of [
      [good, good],
      [good, "x"],
      ["x", good],
    ])
      await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, ...lines.map((line) => `X-Wherefrom-Hop: ${line}`));
    // Not used up by that: the same hop alone still counts.
    await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${good}`);
    await until(() => node.records.length === 4);
    expect(node.records.map(({ signedHop }) => signedHop)).toEqual(["repeated", "repeated", "repeated", "accepted"]);
  });

  test("a hop counts once, on the same connection and on another", async () => {
    const node = await openNode({ policy: byPeer, signedHop: accepting });
    const request = wire("GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${makeHop()}`);
    await sendRaw(node.port, request + request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    await sendRaw(node.port, request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    await until(() => node.records.length === 3);
    expect(node.records.map(({ signedHop, resolution }) => [signedHop, resolution?.ip])).toEqual([
      ["accepted", "203.0.113.7"],
      ["replayed", "127.0.0.1"],
      ["replayed", "127.0.0.1"],
    ]);
    expect(node.notices.filter(({ code }) => code === "SIGNED_HOP_REFUSED")).toHaveLength(1);
  });

  test("what cannot be remembered is not believed", async () => {
    const node = await openNode({ policy: byPeer, signedHop: accepting, limits: { maxSignedHops: 2 } });
    for (let count = 0; count < 4; count += 1) await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${makeHop()}`);
    await until(() => node.records.length === 4);
    expect(node.records.map(({ signedHop }) => signedHop)).toEqual(["accepted", "accepted", "memory-full", "memory-full"]);
  });

  describe("that another process remembers", () => {
    type Known = Awaited<ReturnType<HopMemory["use"]>>;
    const known: readonly { readonly says: Known; readonly becomes: string; readonly ip: string }[] = [
      { says: "first", becomes: "accepted", ip: "203.0.113.7" },
      { says: "replayed", becomes: "replayed", ip: "127.0.0.1" },
      { says: "unconfirmed", becomes: "unconfirmed", ip: "127.0.0.1" },
    ];
    test.each(known)("$says: $becomes", async ({ says, becomes, ip }) => {
      const node = await openNode({ policy: byPeer, signedHop: accepting, hopMemory: { use: async () => says } });
      await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${makeHop()}`);
      await until(() => node.records.length === 1);
      expect(node.records[0]).toMatchObject({ signedHop: becomes, status: 200, resolution: { ip } });
    });

    test("a client that leaves or sends garbage before the answer is no request for the target", async () => {
      const answers: ((use: Known) => void)[] = [];
      const hopMemory: HopMemory = { use: () => new Promise((resolve) => answers.push(resolve)) };
      const node = await openNode({ policy: byPeer, signedHop: accepting, hopMemory });
      const request = (method: string, path: string, ...fields: readonly string[]): string =>
        wire(`${method} ${path} HTTP/1.1`, `Host: ${get.host}`, `X-Wherefrom-Hop: ${makeHop({ method, path })}`, ...fields);
      const [leaves, babbles] = [await converse(node.port), await converse(node.port)];
      leaves.write(request("GET", "/leaves"));
      babbles.write(`${request("POST", "/babbles", "Transfer-Encoding: chunked")}no size\r\n`);
      expect(await babbles.readUntil(/REQUEST_MALFORMED/)).toContain(" 400 ");
      await until(() => answers.length === 2);
      leaves.socket.destroy();
      await until(() => node.records.length === 2);
      for (const answer of answers) answer("first");
      await ask(node.port, "GET /next HTTP/1.1", `Host: ${get.host}`);
      expect(target.received.filter(({ url }) => url === "/leaves" || url === "/babbles")).toEqual([]);
    });
  });

  test("with from, only those peers may bring one", async () => {
    let peer: string | undefined = "10.0.0.9";
    const accept = { keys: ["edge"], from: ["10.0.0.0/8", "unix:"] };
    const node = await openNode({ policy: byPeer, signedHop: { keys: [edge], accept }, peerOf: () => peer });
    for (const each of ["10.0.0.9", "192.0.2.1", "", undefined]) {
      peer = each;
      await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${makeHop()}`);
    }
    await until(() => node.records.length === 4);
    expect(node.records.map(({ signedHop }) => signedHop)).toEqual(["accepted", "untrusted-peer", "untrusted-peer", "accepted"]);
  });

  test("a gateway that accepts none does not look at it", async () => {
    const node = await openNode({ policy: byPeer });
    await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${makeHop()}`);
    await until(() => node.records.length === 1);
    expect(node.records[0]).toMatchObject({ signedHop: undefined, resolution: { ip: "127.0.0.1" } });
  });

  test("one changed bit, one character more or less: never believed", async () => {
    const node = await openNode({ policy: byPeer, signedHop: accepting });
    const change = fc.oneof(
      fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.integer({ min: 0, max: 6 }) }),
      fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
      fc.record({ kind: fc.constant("double" as const), at: fc.nat() }),
      fc.record({ kind: fc.constant("last" as const), at: fc.nat() }),
    );
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 8, maxLength: 8 }), async (changes) => {
        const requests = changes.map((each) => changed(makeHop(), each)).filter((hop) => hop !== undefined);
        asked += requests.length;
        const bytes = requests.map((hop) => wire("GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${hop}`)).join("");
        await sendRaw(node.port, `${bytes}${wire("GET /end HTTP/1.1", "Host: a", "Connection: close")}`);
      }),
      { numRuns: 60, seed: 20261125 },
    );
    const judged = node.records.filter(({ pathAndQuery }) => pathAndQuery === "/");
    expect([judged.length, asked > 400]).toEqual([asked, true]);
    expect(judged.filter(({ signedHop }) => signedHop === "accepted" || signedHop === undefined)).toEqual([]);
    expect(new Set(judged.map(({ resolution }) => resolution?.ip))).toEqual(new Set(["127.0.0.1"]));
  });
});

type Change = { readonly kind: "flip" | "cut" | "double" | "last"; readonly at: number; readonly bit?: number };

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** `undefined` where the change makes no header value of it, or none that differs once its blanks are trimmed. */
function changed(hop: string, { kind, at, bit = 0 }: Change): string | undefined {
  const index = at % hop.length;
  const code = hop.charCodeAt(index) ^ (1 << bit);
  switch (kind) {
    case "flip":
      return code < 0x21 || code > 0x7e ? undefined : hop.slice(0, index) + String.fromCharCode(code) + hop.slice(index + 1);
    case "cut":
      return hop.slice(0, index);
    case "double":
      return hop.slice(0, index) + hop.charAt(index) + hop.slice(index);
    case "last": {
      // Four characters end a signature of the same 32 bytes: only one of them was signed.
      const last = BASE64URL.indexOf(hop.at(-1) ?? "");
      return hop.slice(0, -1) + BASE64URL.charAt((last & ~3) | ((last + 1 + (at % 3)) & 3));
    }
  }
}

test("explanation and flow variables tell the hop as they tell a policy", async () => {
  const node = await openNode({ policy: { ...byPeer, ipv6GroupPrefix: 48 }, signedHop: accepting, route: { sendExplanation: true } });
  const hop = makeHop({ claim: "ip=2001:db8:1:2::3;outcome=fallback;trust=verified;reason=untrusted-peer" });
  await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, `X-Wherefrom-Hop: ${hop}`);
  const [value = ""] = linesOf(target.received.at(-1) as Received, "x-wherefrom-explanation");
  const { explanation, flowVariables } = JSON.parse(Buffer.from(value, "base64url").toString("utf8"));
  const resolution = {
    ip: "2001:db8:1:2::3",
    family: 6,
    outcome: "fallback",
    trust: "verified",
    reason: "untrusted-peer",
    algorithm: "SignedHop{KeyId:edge}",
    key: "2001:db8:1::/48",
  };
  expect(node.records[0]?.resolution).toEqual(resolution);
  expect(explanation).toEqual({
    ...resolution,
    peer: { text: "127.0.0.1", ip: "127.0.0.1", verdict: "trusted", rule: "key edge" },
    hops: [
      {
        header: "X-Wherefrom-Hop",
        position: -1,
        text: expect.stringMatching(/^v=1;key=edge;/),
        ip: resolution.ip,
        verdict: "client",
        rule: "key edge",
      },
    ],
    unlistedHops: 0,
    sentences: [
      "The peer 127.0.0.1 is a gateway: it signed X-Wherefrom-Hop with key edge, for this request and in time.",
      "The client is 2001:db8:1:2::3, as that gateway resolved it, by fallback (untrusted-peer).",
      "It is verified: the gateway that resolved it had a configured trust decision for each step.",
    ],
  });
  expect(flowVariables).toMatchObject({
    "client.ip": "127.0.0.1",
    "client.resolved.ip": resolution.ip,
    "client_ip_resolution.algorithm": resolution.algorithm,
    "client_ip_resolution.key": resolution.key,
    "client_ip_resolution.reason": "untrusted-peer",
    "client_ip_resolution.trust": "verified",
    "client_ip_resolution.used.fallback": "true",
  });
});

test("the explanation of a policy's answer says why the hop was not believed", async () => {
  const node = await openNode({ policy: byPeer, signedHop: accepting, route: { sendExplanation: true } });
  await ask(node.port, "GET / HTTP/1.1", `Host: ${get.host}`, "X-Wherefrom-Hop: 203.0.113.7");
  const [value = ""] = linesOf(target.received.at(-1) as Received, "x-wherefrom-explanation");
  const { explanation } = JSON.parse(Buffer.from(value, "base64url").toString("utf8"));
  expect(explanation).toMatchObject({ ip: "127.0.0.1", algorithm: "PeerAddressAlgorithm{}" });
  expect(explanation.sentences[0]).toBe("X-Wherefrom-Hop is not believed: no gateway writes it so.");
});

test("a request that has no address is refused by the first gateway and never signed", async () => {
  const nodes = await openChain(2, { policy: { ...trusting, fallback: "REJECT" } });
  const response = parseResponse(await sendRaw(nodes[0].port, wire("GET / HTTP/1.1", "Host: a", "Connection: close")));
  expect([response.status, nodes[1]?.records.length]).toEqual([400, 0]);
});

const faulty = [
  { what: "no key", signedHop: { keys: [], accept: { keys: ["edge"] } }, says: ["/keys", "/accept/keys/0"] },
  { what: "an id twice", signedHop: { keys: [edge, edge], accept: { keys: ["edge"] } }, says: ["/keys"] },
  { what: "neither side", signedHop: { keys: [edge] }, says: ["the whole"] },
  {
    what: "keys that are not there",
    signedHop: { keys: [edge], sign: { key: "a", targets: ["http://b"] }, accept: { keys: ["c"] } },
    says: ["/sign/key", "/accept/keys/0"],
  },
  { what: "a target with a path", signedHop: { keys: [edge], sign: { key: "edge", targets: ["http://b/x"] } }, says: ["/sign/targets/0"] },
  {
    what: "a secret that stands there",
    signedHop: { keys: [{ id: "edge", secret: SECRET }], accept: { keys: ["edge"] } },
    says: ["/keys/0"],
  },
  {
    what: "two places for a secret",
    signedHop: { keys: [{ ...edge, secretVariable: "A" }], accept: { keys: ["edge"] } },
    says: ["/keys/0"],
  },
  {
    what: "peers that are none, and everybody",
    signedHop: { keys: [edge], accept: { keys: ["edge"], from: ["10.0.0.1/8", "0.0.0.0/0"] } },
    says: ["/accept/from/0", "/accept/from/1"],
  },
  { what: "no peers", signedHop: { keys: [edge], accept: { keys: ["edge"], from: [] } }, says: ["/accept/from"] },
] as const;

test.each(faulty)("the gateway does not start with $what", async ({ signedHop, says }) => {
  const error = await openNode({ signedHop: signedHop as unknown as SignedHopOptions }).catch((fault: Error) => fault);
  expect(error).toMatchObject({ code: "GATEWAY_SIGNED_HOP_INVALID" });
  for (const pointer of says) expect((error as Error).message).toContain(`${pointer}: Expected`);
  expect((error as Error).message).not.toContain(SECRET);
});

const secrets = [
  {
    what: "a file that is not there",
    key: { id: "edge", secretFile: join(folder, "none") },
    says: /key edge in the file .*none cannot be used: ENOENT/,
  },
  {
    what: "a variable that is not set",
    key: { id: "edge", secretVariable: "WHEREFROM_TEST_UNSET" },
    says: /the variable WHEREFROM_TEST_UNSET cannot be used: it is not set/,
  },
  {
    what: "a secret that is too short",
    key: { id: "edge", secretFile: join(folder, "short") },
    says: /expected 32 to 4096 bytes, received 31/,
  },
];

test.each(secrets)("the gateway does not start with $what", async ({ key, says }) => {
  writeFileSync(join(folder, "short"), `${"x".repeat(31)}\n`);
  await expect(openNode({ signedHop: { keys: [key], accept: { keys: ["edge"] } } })).rejects.toMatchObject({
    code: "GATEWAY_SECRET_UNUSABLE",
    message: expect.stringMatching(says),
  });
});

test("all secrets that cannot be used are told at once", async () => {
  const keys = ["first", "second"].map((id) => ({ id, secretVariable: `WHEREFROM_TEST_UNSET_${id}` }));
  await expect(openNode({ signedHop: { keys, accept: { keys: ["first"] } } })).rejects.toMatchObject({
    code: "GATEWAY_SECRET_UNUSABLE",
    message: expect.stringMatching(/key first .* it is not set; The secret of key second .* it is not set$/),
  });
});
