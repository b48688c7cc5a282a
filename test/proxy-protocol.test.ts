import { Agent, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../packages/gateway/test/rig/certificate.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "../packages/gateway/test/rig/target.ts";
import { type RunningHaproxy, startHaproxy } from "./apps/haproxy.ts";
import type { RunningNginx } from "./apps/nginx.ts";
import { startNginxStream } from "./apps/nginx-stream.ts";
import { requires } from "./requirement.ts";

// client 127.0.0.2 or 127.0.0.3 -> load balancer -> gateway: the load balancer connects from 127.0.0.1.
const CLIENT = "127.0.0.2";
const OTHER_CLIENT = "127.0.0.3";

/** A condition is waited for as long as a test may take: the machine may be busy. */

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } }), {
    listeners: [{ port: 0, proxyProtocol: { trustedPeers: ["127.0.0.1"] } }],
    // this process is the client too, and on a busy machine comes to read what has long been sent
    limits: { proxyHeaderTimeoutMs: 60_000, headersTimeoutMs: 60_000 },
  });
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

type From = { readonly from: string; readonly agent?: Agent };

let asked = 0;

/** Asks through an entrance for a path that nobody else asks for, and gives what the target was told. */
async function told(entrance: string, { from, agent }: From): Promise<Received> {
  asked += 1;
  const path = `/asked/${asked}`;
  const options = { localAddress: from, rejectUnauthorized: false, ...(agent !== undefined && { agent }) };
  const request = entrance.startsWith("https:") ? requestHttps : requestHttp;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const outgoing = request(
      `${entrance}${path}`,
      options,
      (response) => void response.resume().once("end", () => resolve(response.statusCode)),
    );
    outgoing.once("error", reject).end();
  });
  const received = target.received.find(({ url }) => url === path);
  if (received === undefined) throw new Error(`${entrance} did not reach the target, and was answered ${status}`);
  return received;
}

const clientOf = (received: Received): string[] => linesOf(received, "x-real-ip");

describe("HAProxy", () => {
  const machine = requires("haproxy");
  beforeEach(machine.check);

  const uniqueId = ["unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid"];
  const entrances = [
    { says: "version 1", mode: "tcp", server: "send-proxy" },
    { says: "version 2", mode: "tcp", server: "send-proxy-v2" },
    { says: "version 2 with a checksum", mode: "tcp", server: "send-proxy-v2 proxy-v2-options crc32c" },
    {
      says: "version 2 with every addition it knows",
      mode: "http",
      server: "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority,ssl,cert-cn,cert-key,cert-sig,ssl-cipher",
      frontend: uniqueId,
    },
    {
      says: "version 2 for requests over connections that it keeps",
      mode: "http",
      server: "send-proxy-v2",
      backend: ["http-reuse always"],
    },
    { says: "version 2 of TLS that it ends", mode: "tcp", server: "send-proxy-v2-ssl-cn proxy-v2-options crc32c", isTls: true },
    {
      says: "version 2, and checks with LOCAL",
      mode: "http",
      server: "send-proxy-v2 check inter 500ms fall 100",
      // without a time of its own a check has 500 ms, and one that is given up on a busy machine never gets to the target
      backend: ["option httpchk GET /check", "timeout check 30s"],
    },
  ] as const;

  let haproxy: RunningHaproxy;
  beforeAll(async () => {
    if (!machine.isMet) return;
    const { cert, key } = makeCertificate();
    haproxy = await startHaproxy(
      entrances.map((entrance) => ({ ...entrance, target: `127.0.0.1:${gateway.port}`, ...("isTls" in entrance && { tls: cert + key }) })),
    );
  });
  afterAll(() => haproxy?.stop());

  const urlOf = (says: (typeof entrances)[number]["says"]): string => {
    const index = entrances.findIndex((entrance) => entrance.says === says);
    const scheme = "isTls" in (entrances[index] ?? {}) ? "https" : "http";
    return `${scheme}://127.0.0.1:${haproxy.ports[index]}`;
  };

  test.each(entrances)("$says: each client by its own address", async ({ says }) => {
    const agent = says.includes("TLS") ? undefined : new Agent({ keepAlive: true, maxSockets: 1 });
    const clients = [CLIENT, OTHER_CLIENT, CLIENT, OTHER_CLIENT];
    const seen: string[][] = [];
    for (const from of clients) seen.push(clientOf(await told(urlOf(says), { from, ...(agent && { agent }) })));
    expect(seen).toEqual(clients.map((client) => [client]));
    agent?.destroy();
  });

  test("TLS that it ends is the client's scheme, and its word for plain HTTP is believed too", async () => {
    const ends = await told(urlOf("version 2 of TLS that it ends"), { from: CLIENT });
    const plain = await told(urlOf("version 2 with every addition it knows"), { from: CLIENT });
    expect([ends, plain].map((received) => linesOf(received, "x-forwarded-proto"))).toEqual([["https"], ["http"]]);
  });

  test("its own health checks are from itself", async () => {
    await expect.poll(() => target.received.filter(({ url }) => url === "/check").map(clientOf)).toContainEqual(["127.0.0.1"]);
  });
});

describe("nginx that carries TCP", () => {
  const machine = requires("nginx-stream");
  beforeEach(machine.check);

  let nginx: RunningNginx & { readonly port: number };
  beforeAll(async () => {
    if (machine.isMet) nginx = await startNginxStream(`127.0.0.1:${gateway.port}`);
  });
  afterAll(() => nginx?.stop());

  test("each client by its own address", async () => {
    for (const from of [CLIENT, OTHER_CLIENT]) expect(clientOf(await told(`http://127.0.0.1:${nginx.port}`, { from }))).toEqual([from]);
  });
});
