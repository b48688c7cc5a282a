import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { NatMode } from "../packages/doctor/src/lab/firewall.ts";
import { forwardedClient, type Seen } from "./apps/seen.ts";
import { type RunningGateway, startGateway } from "./apps/wherefrom.ts";
import { type Lab, openLab } from "./lab/lab.ts";
import { knock, type VisitOptions, visitHttp, visitWebSocket } from "./lab/visit.ts";
import { runWell } from "./process/run.ts";
import { requires } from "./requirement.ts";

const FIREWALL_LAN = "10.77.0.1";
const CLOUD = "198.51.100.147";
const CLIENT = "203.0.113.10";
const OTHER_CLIENT = "203.0.113.11";

/** Ways into the network, as a device is configured. */
const direct = {
  "service180 by the firewall": "198.51.100.36:18000",
  "service112 by the firewall": "198.51.100.36:10002",
  "the old cloud proxy": "198.51.100.147:80",
};

const transports = ["http", "websocket"] as const;
type Transport = (typeof transports)[number];

const forged = { "X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", Forwarded: "for=1.2.3.4" };

let lab: Lab;

const machine = requires("namespaces", "nginx", "uvicorn", "curl");
beforeEach(machine.check);
beforeAll(async () => {
  if (machine.isMet) lab = await openLab();
});
afterAll(() => lab?.close());

/** Visits as the client and gives what the service saw. */
function visit(transport: Transport, hostAndPort: string, options: VisitOptions = {}): Promise<Seen> {
  const client = lab.at("client");
  return transport === "http" ? visitHttp(client, hostAndPort, options) : visitWebSocket(client, hostAndPort, options);
}

/** Every row once for each transport. */
function overBoth<Row extends object>(rows: readonly Row[]): (Row & { transport: Transport })[] {
  return rows.flatMap((row) => transports.map((transport) => ({ ...row, transport })));
}

describe("without a gateway a service sees the last rewriter of the source", () => {
  const rows: { nat: NatMode; by: keyof typeof direct; sees: string }[] = [
    { nat: "nat-on-for-180", by: "service180 by the firewall", sees: FIREWALL_LAN },
    { nat: "nat-on-for-180", by: "service112 by the firewall", sees: CLIENT },
    { nat: "nat-on-all", by: "service112 by the firewall", sees: FIREWALL_LAN },
    { nat: "nat-off", by: "service180 by the firewall", sees: CLIENT },
    { nat: "nat-off", by: "the old cloud proxy", sees: CLOUD },
    { nat: "nat-on-for-180", by: "the old cloud proxy", sees: FIREWALL_LAN }, // both faults at once: one hides the other
  ];

  test.each(overBoth(rows))("$transport, $nat, $by: the service sees $sees", async ({ nat, by, sees, transport }) => {
    await lab.setNat(nat);
    const seen = await visit(transport, direct[by]);
    expect(seen.peer).toBe(sees);
    expect(forwardedClient(seen)).toEqual({ xForwardedFor: [], xRealIp: [] });
  });

  const distinct: { nat: NatMode; peers: string[] }[] = [
    { nat: "nat-on-for-180", peers: [FIREWALL_LAN, FIREWALL_LAN] },
    { nat: "nat-off", peers: [CLIENT, OTHER_CLIENT] },
  ];

  test.each(overBoth(distinct))("$transport, $nat: two clients are seen as $peers", async ({ nat, peers, transport }) => {
    await lab.setNat(nat);
    const first = await visit(transport, "198.51.100.36:18000", { source: CLIENT });
    const second = await visit(transport, "198.51.100.36:18000", { source: OTHER_CLIENT });
    expect([first.peer, second.peer]).toEqual(peers);
  });

  test("NAT on does not hide a neighbour on the LAN", async () => {
    await lab.setNat("nat-on-for-180");
    const seen = await visitHttp(lab.at("service112"), "10.77.0.180:8000");
    expect(seen.peer).toBe("10.77.0.112");
  });
});

describe("NAT off needs a route back from the service", () => {
  const NO_ANSWER = 28;
  const reach = () => knock(lab.at("client"), "198.51.100.36:18000");

  test("without one the service is dead, with NAT on it lives, with the route restored NAT can be off", async () => {
    const service = lab.at("service180");
    await lab.setNat("nat-off");
    await runWell(["ip", "route", "del", "default"], { place: service });
    try {
      expect((await reach()).exitCode).toBe(NO_ANSWER);
      await lab.setNat("nat-on-for-180");
      expect((await reach()).exitCode).toBe(0);
    } finally {
      await runWell(["ip", "route", "add", "default", "via", FIREWALL_LAN], { place: service });
    }
    await lab.setNat("nat-off");
    const seen = await visit("http", "198.51.100.36:18000");
    expect(seen.peer).toBe(CLIENT);
  });
});

/** What a visit through a gateway must come to: the address in both headers, each of them once, and no trace of a forgery. */
async function expectForwarded(
  transport: Transport,
  { to, options, client }: { to: string; options: VisitOptions; client: string },
): Promise<void> {
  const seen = await visit(transport, to, options);
  expect(forwardedClient(seen)).toEqual({ xForwardedFor: [client], xRealIp: [client] });
  expect(JSON.stringify(seen.lines)).not.toContain("1.2.3.4");
}

const visitors = [
  { visitor: "a client", options: { source: CLIENT }, client: CLIENT },
  { visitor: "another client", options: { source: OTHER_CLIENT }, client: OTHER_CLIENT },
  { visitor: "a client that claims to be 1.2.3.4", options: { source: CLIENT, headers: forged }, client: CLIENT },
];

describe("with the gateway on the cloud host, before the old proxy", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    if (!machine.isMet) return;
    gateway = await startGateway({
      place: lab.at("cloud"),
      host: CLOUD,
      port: 8080,
      clientIpResolutionConfig: { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } },
      target: `http://${CLOUD}:80`,
    });
  });
  afterAll(() => gateway?.stop());

  const rows = (["nat-on-for-180", "nat-off"] as const).flatMap((nat) => visitors.map((row) => ({ ...row, nat })));

  test.each(overBoth(rows))("$transport, $nat: the service is told $client of $visitor", async ({ nat, options, client, transport }) => {
    await lab.setNat(nat);
    await expectForwarded(transport, { to: `${CLOUD}:8080`, options, client });
  });
});

describe("with the gateway before the service, which trusts the repaired cloud proxy", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    if (!machine.isMet) return;
    gateway = await startGateway({
      place: lab.at("service180"),
      host: "10.77.0.180",
      port: 8080,
      clientIpResolutionConfig: { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: [CLOUD] } },
      target: "http://127.0.0.1:8000",
    });
  });
  afterAll(() => gateway?.stop());

  const entrances = [
    { by: "the cloud proxy", to: `${CLOUD}:82` },
    { by: "the firewall", to: "198.51.100.36:18080" },
  ];
  const rows = entrances.flatMap((entrance) => visitors.map((row) => ({ ...row, ...entrance })));

  test.each(overBoth(rows))(
    "$transport, NAT off, by $by: the service is told $client of $visitor",
    async ({ to, options, client, transport }) => {
      await lab.setNat("nat-off");
      await expectForwarded(transport, { to, options, client });
    },
  );

  // The gateway cannot undo a NAT before it. It says what it knows, the firewall, and believes no header from there.
  test.each(overBoth(rows))(
    "$transport, NAT on, by $by: the service is told of the firewall, whatever $visitor says",
    async ({ to, options, transport }) => {
      await lab.setNat("nat-on-for-180");
      await expectForwarded(transport, { to, options, client: FIREWALL_LAN });
    },
  );
});
