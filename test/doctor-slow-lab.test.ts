import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ECHO_PATH, type Probed, probe, type ServedEcho, startEcho } from "./apps/doctor.ts";
import { type Lab, openLab } from "./lab/lab.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { type Started, start } from "./process/started.ts";
import { requires } from "./requirement.ts";

const FIREWALL_LAN = "10.77.0.1";
const CLIENT = "203.0.113.10";
const DELAY_MS = 20;

/** Ways to the echo of service 180: mapped by the kernel, and carried by a relay on the firewall that opens connections of its own. */
const mapped = "198.51.100.36:18080";
const relayed = "198.51.100.36:18090";

let lab: Lab;
let scratch: Scratch;
let relay: Started;
let echo: ServedEcho;

const machine = requires("namespaces", "nginx", "uvicorn", "curl", "haproxy", "tcpdump");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  [lab, scratch] = await Promise.all([openLab({ clientDelayMs: DELAY_MS }), openScratch()]);
  const times = ["timeout connect 5s", "timeout client 30s", "timeout server 30s"];
  await writeFile(
    scratch.file("relay.cfg"),
    `defaults\n  mode tcp\n  ${times.join("\n  ")}\nlisten relay\n  bind ${relayed}\n  server service 10.77.0.180:8080\n`,
  );
  relay = start(["haproxy", "-W", "-db", "-f", scratch.file("relay.cfg")], { place: lab.at("firewall") });
  await relay.ready("listens", () => /Loading success/.test(relay.stderr()));
  echo = await startEcho({ place: lab.at("service180"), host: "0.0.0.0", port: 8080, args: ["--syn-ttl"] });
});
afterAll(async () => {
  await echo?.stop();
  await relay?.stop();
  await lab?.close();
  await scratch?.remove();
});

const probeFrom = (hostAndPort: string): Promise<Probed> =>
  probe(`http://${hostAndPort}${ECHO_PATH}`, { place: lab.at("client"), args: ["--from", CLIENT] });

describe("a client that is some milliseconds away", () => {
  test("kernel NAT and a relay look the same from the peer, and are told apart by round trips and by the first packet", async () => {
    await lab.setNat("nat-on-for-180");
    const [byKernel, byRelay] = [await probeFrom(mapped), await probeFrom(relayed)];
    expect([byKernel, byRelay].map(({ path }) => path.legs[0]?.peers)).toEqual([[FIREWALL_LAN], [FIREWALL_LAN]]);
    // two routers on the way take one each from the TTL; the relay's own packets have lost nothing
    expect(byKernel.facts).toMatchObject({ "tcp.ttlHops": 2, "tcp.portPreserved": true });
    expect(byRelay.facts).toMatchObject({ "tcp.ttlHops": 0, "tcp.portPreserved": false });
    expect(byKernel.facts["tcp.rttRatio"]).toBeLessThan(2);
    expect(byRelay.facts["tcp.rttRatio"]).toBeGreaterThan(5);
    expect(byKernel.diagnosis.causes[0]?.id).toBe("snat-on-dnat-policy");
    expect(byRelay.diagnosis.causes[0]?.id).toBe("edge-proxy-mode");
  });

  test("with NAT off the peer is the client, at the same distance", async () => {
    await lab.setNat("nat-off");
    const probed = await probeFrom(mapped);
    expect(probed.path.legs[0]?.peers).toEqual([CLIENT]);
    expect(probed.facts).toMatchObject({ "tcp.ttlHops": 2, "tcp.portPreserved": true });
    expect(probed.code).toBe(0);
  });
});
