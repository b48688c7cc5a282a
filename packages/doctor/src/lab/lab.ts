import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NatMode, setFirewall } from "./firewall.ts";
import { type Network, type NetworkOptions, openNetwork } from "./network.ts";
import { runWell } from "./process/run.ts";
import type { Started } from "./process/started.ts";
import {
  type EchoOptions,
  type GatewayOptions,
  type Probed,
  probe,
  startEcho,
  startGateway,
  startRelay,
  type Wherefrom,
} from "./programs.ts";
import type { RelayOptions } from "./relay.ts";
import type { HostName } from "./topology.ts";

/** Addresses of the lab's hosts. */
export const CLIENT = "203.0.113.10";
export const CLOUD = "198.51.100.147";
export const FIREWALL = "198.51.100.36";
export const FIREWALL_LAN = "10.77.0.1";
export const SERVICE = "10.77.0.180";
export const NEIGHBOUR = "10.77.0.112";

/** The lab: the post-mortem's network, an echo in place of each of its two services, and what a fault adds. It owns all of it. */
export type Lab = Pick<Network, "at"> & {
  /** For files of a fault, removed with the lab. */
  readonly folder: string;
  setNat(mode: NatMode): Promise<void>;
  /** Starts the service's echo anew, with other options. */
  restartService(args: readonly string[]): Promise<Started>;
  relay(host: HostName, options: RelayOptions): Promise<Started>;
  gateway(host: HostName, options: Omit<GatewayOptions, "place" | "folder">): Promise<Started>;
  probe(host: HostName, args: readonly string[]): Promise<Probed>;
  run(host: HostName, command: readonly string[]): Promise<string>;
  close(): Promise<void>;
};

const SERVICE_ECHO: Omit<EchoOptions, "place"> = { host: "0.0.0.0", port: 8080 };

/** Opens the lab, with NAT off. What was opened of a lab that fails half way is closed. `waitMs`: how long each of its steps may take. */
export async function openLab(wherefrom: Wherefrom, options: Pick<NetworkOptions, "waitMs"> = {}): Promise<Lab> {
  const network = await openNetwork(options);
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-lab-"));
  const { at } = network;
  const started = new Set<Started>();
  const own = (running: Started): Started => {
    started.add(running);
    return running;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...started].map((running) => running.stop("SIGKILL")));
    await network.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await setFirewall(at("firewall"), "nat-off");
    const startService = async (args: readonly string[]): Promise<Started> =>
      own(await startEcho(wherefrom, { ...SERVICE_ECHO, place: at("service180"), args }));
    let [service] = await Promise.all([startService([]), startEcho(wherefrom, { ...SERVICE_ECHO, place: at("service112") }).then(own)]);
    return {
      at,
      folder,
      close,
      setNat: (mode) => setFirewall(at("firewall"), mode),
      async restartService(args) {
        await service.stop();
        service = await startService(args);
        return service;
      },
      relay: async (host, options) => own(await startRelay(at(host), options)),
      gateway: async (host, options) => own(await startGateway(wherefrom, { ...options, place: at(host), folder })),
      probe: (host, args) => probe(wherefrom, { place: at(host), args }),
      run: (host, command) => runWell(command, { place: at(host) }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
