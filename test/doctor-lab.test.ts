import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { NatMode } from "../packages/doctor/src/lab/firewall.ts";
import { ECHO_PATH, type Probed, probe, type ServedEcho, startEcho } from "./apps/doctor.ts";
import { wherefrom } from "./apps/wherefrom.ts";
import { type Lab, openLab } from "./lab/lab.ts";
import { runWell } from "./process/run.ts";
import { requires } from "./requirement.ts";

const FIREWALL_LAN = "10.77.0.1";
const CLIENT = "203.0.113.10";

let lab: Lab;
const echoes: ServedEcho[] = [];

const machine = requires("namespaces", "nginx", "uvicorn", "curl");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  lab = await openLab();
  for (const host of ["service180", "service112"] as const)
    echoes.push(await startEcho({ place: lab.at(host), host: "0.0.0.0", port: 8080 }));
});
afterAll(async () => {
  await Promise.all(echoes.map((echo) => echo.stop()));
  await lab?.close();
});

const at = (hostAndPort: string): string => `http://${hostAndPort}${ECHO_PATH}`;
const probeFrom = (hostAndPort: string, args: readonly string[] = []): Promise<Probed> =>
  probe(at(hostAndPort), { place: lab.at("client"), args: ["--from", CLIENT, ...args] });
const first = ({ diagnosis }: Probed): string | undefined => diagnosis.causes[0]?.id;

/** Ways to the echo of service 180. */
const direct = "198.51.100.36:18080";
const neighbour = "198.51.100.36:10080";
const cloudWithHeaders = "198.51.100.147:82";

describe("the post-mortem's network, probed from the client", () => {
  const rows: { nat: NatMode; by: string; code: number; peer: string; policy: object | undefined; why: string | undefined }[] = [
    { nat: "nat-off", by: direct, code: 0, peer: CLIENT, policy: { peerAddressAlgorithm: {} }, why: undefined },
    { nat: "nat-on-for-180", by: direct, code: 1, peer: FIREWALL_LAN, policy: undefined, why: "nothing-to-read" },
    { nat: "nat-on-for-180", by: neighbour, code: 0, peer: CLIENT, policy: { peerAddressAlgorithm: {} }, why: undefined },
    { nat: "nat-on-all", by: neighbour, code: 1, peer: FIREWALL_LAN, policy: undefined, why: "nothing-to-read" },
    {
      nat: "nat-off",
      by: cloudWithHeaders,
      code: 0,
      peer: "198.51.100.147",
      policy: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1, trustedPeers: ["198.51.100.147"] } },
      why: undefined,
    },
  ];

  test.each(rows)("$nat, $by: the service sees $peer", async ({ nat, by, code, peer, policy, why }) => {
    await lab.setNat(nat);
    const probed = await probeFrom(by);
    expect({ code: probed.code, clients: probed.path.clients, why: probed.proposal.why }).toEqual({ code, clients: { 4: CLIENT }, why });
    expect(probed.path.legs.map(({ transport, peers }) => [transport, ...peers])).toEqual([
      ["http", peer],
      ["websocket", peer],
    ]);
    expect(probed.proposal.proposals?.[0]?.policy).toEqual(policy);
    for (const { forged, isProven, tried } of probed.proposal.proposals ?? [])
      expect({ forged, isProven, isTried: tried > 15 }).toEqual({ forged: 0, isProven: true, isTried: true });
  });
});

test("the two services of the post-mortem side by side: the neighbour rules every other cause out", async () => {
  await lab.setNat("nat-on-for-180");
  const args = ["doctor", "compare", at(direct), at(neighbour), "--family", "4", "--rounds", "1", "--from", CLIENT, "--json"];
  const { exitCode, stdout } = await wherefrom(args, { place: lab.at("client") });
  const told = JSON.parse(stdout) as {
    differences: { what: string; first: string; second: string }[];
    facts: object;
    ruledOut: string[];
    diagnosis: Probed["diagnosis"];
  };
  expect(exitCode).toBe(1);
  expect(told.differences).toContainEqual({ what: "peer", first: FIREWALL_LAN, second: CLIENT });
  expect(told.facts).toEqual({ "cmp.otherServiceReal": true });
  expect(told.ruledOut).toContain("global-masquerade");
  expect(told.diagnosis).toMatchObject({
    causes: [{ id: "snat-on-dnat-policy" }, ...Array.from({ length: 53 }, () => ({}))],
    undecided: false,
  });
});

describe("the diagnosis", () => {
  test("NAT on is suspected from one end, and nobody says «switch it off» before the way back is proven", async () => {
    await lab.setNat("nat-on-for-180");
    const probed = await probeFrom(direct);
    expect(probed.facts).toMatchObject({
      "peer.isDefaultGateway": true,
      "peer.scope": "private",
      "hdr.forwarding": "none",
      "probe.canary": "onlyCanary",
      "probe.nonceSeen": true,
      "tcp.portPreserved": true,
    });
    expect(first(probed)).toBe("snat-on-dnat-policy");
    expect(probed.diagnosis).toMatchObject({ undecided: true, nextTest: "T4" });
    expect(probed.advice.warnings).toEqual(["lost-below-http", "no-header-can-be-trusted", "prove-return-route"]);
  });

  test("with NAT on and a proxy that writes headers, the policy that would read them is proven, and is not to be trusted", async () => {
    await lab.setNat("nat-on-for-180");
    const through = await probeFrom(cloudWithHeaders);
    const past = await probeFrom(direct);
    // both arrive from the firewall: by what they carry, nobody can tell the proxy from whoever forges
    expect([through, past].map(({ path }) => path.legs[0]?.peers)).toEqual([[FIREWALL_LAN], [FIREWALL_LAN]]);
    expect(past.path.legs[0]?.chain).toEqual({ fate: "only-canary", added: [], lines: 1 });
    expect(through.path.legs[0]?.chain).toEqual({ fate: "kept-left", added: [CLIENT], lines: 1 });
    expect({ code: through.code, proposal: through.proposal.proposals?.[0] }).toMatchObject({
      code: 1,
      proposal: { isProven: true, trustsGateway: true, forged: 0 },
    });
  });

  test("a service with the advice of the post-mortem is told that a claim wins", async () => {
    await lab.setNat("nat-off");
    const leftmost = JSON.stringify({ headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 } });
    const echo = await startEcho({ place: lab.at("service180"), host: "0.0.0.0", port: 8081, args: ["--policy", leftmost] });
    try {
      const probed = await probe(`http://10.77.0.180:8081${ECHO_PATH}`, { place: lab.at("service112") });
      expect(probed.facts).toMatchObject({ "res.equals": "canary" });
      expect({ code: probed.code, warnings: probed.advice.warnings }).toEqual({ code: 1, warnings: expect.arrayContaining(["forgeable"]) });
    } finally {
      await echo.stop();
    }
  });

  test("without a way back nothing answers, and the probe says so", async () => {
    await lab.setNat("nat-off");
    const service = lab.at("service180");
    await runWell(["ip", "route", "del", "default"], { place: service });
    try {
      const probed = await probeFrom(direct, ["--timeout-ms", "100", "--no-websocket"]);
      expect({ code: probed.code, stderr: probed.stderr }).toEqual({
        code: 3,
        stderr: expect.stringContaining(
          "ETIMEDOUT: No answer in time: packets are dropped on the way there, or on the way back [PROBE_NO_ANSWER]",
        ),
      });
    } finally {
      await runWell(["ip", "route", "add", "default", "via", FIREWALL_LAN], { place: service });
    }
  });

  test("a stale setting is told with the file that it stands in", async () => {
    await lab.setNat("nat-off");
    const probed = await probeFrom(cloudWithHeaders, ["--expect", "198.51.100.36"]);
    expect(probed.facts).toMatchObject({ "probe.dialedAddress": "unexpected", "dns.matchesExpected": false });
    expect(first(probed)).toBeDefined();
  });
});
