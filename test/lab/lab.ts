import { type NatMode, setFirewall } from "../../packages/doctor/src/lab/firewall.ts";
import { type Network, openNetwork } from "../../packages/doctor/src/lab/network.ts";
import { PATIENCE_MS } from "../../tools/patience.ts";
import { type NginxServer, startNginx } from "../apps/nginx.ts";
import { startService } from "../apps/service.ts";
import { startDelay } from "./delay.ts";

/** The network with its two services and the cloud's nginx running in it. */
export type Lab = Network & { setNat(mode: NatMode): Promise<void> };

/** What runs on the cloud host: the old nginx that says nothing of the client, and repaired ones that do. */
const cloudServers: readonly NginxServer[] = [
  { listen: "198.51.100.147:80", target: "198.51.100.36:18000", forwarding: "none" },
  { listen: "198.51.100.147:81", target: "198.51.100.36:18000", forwarding: "append" },
  { listen: "198.51.100.147:82", target: "198.51.100.36:18080", forwarding: "append" },
];

/**
 * Opens the lab as the post-mortem found it: NAT on for one service and off for the other. `clientDelayMs` is how long each packet from and to the client is under way more than on a cable.
 */
export async function openLab({ clientDelayMs = 0 }: { readonly clientDelayMs?: number } = {}): Promise<Lab> {
  const network = await openNetwork({ isSlow: clientDelayMs > 0, waitMs: PATIENCE_MS });
  const started: { stop(): Promise<unknown> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(started.map((running) => running.stop()));
    await network.close();
  };
  try {
    if (clientDelayMs > 0) started.push(await startDelay(network, { delayMs: clientDelayMs }));
    await setFirewall(network.at("firewall"), "nat-on-for-180");
    started.push(await startNginx(cloudServers, network.at("cloud")));
    await Promise.all([
      startService({ name: "service180", place: network.at("service180"), host: "0.0.0.0", port: 8000 }),
      startService({ name: "service112", place: network.at("service112"), host: "0.0.0.0", port: 8001 }),
    ]);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...network, close, setNat: (mode) => setFirewall(network.at("firewall"), mode) };
}
