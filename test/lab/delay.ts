import type { Network } from "../../packages/doctor/src/lab/network.ts";
import { slowHost } from "../../packages/doctor/src/lab/topology.ts";
import { debianPython } from "../apps/python.ts";
import { repositoryPath } from "../process/repository.ts";
import { runWell } from "../process/run.ts";
import { type Started, start } from "../process/started.ts";

/** Starts what makes the client's cable slow. Kernels without netem have nothing of their own for it. */
export async function startDelay({ at }: Network, delayMs: number): Promise<Started> {
  // whoever sends leaves checksums to a card that is not there, and on a raw socket nobody makes them
  const ends = [
    ["client", "eth0"],
    ["wan", "client0"],
    [slowHost, "near"],
    [slowHost, "far"],
  ] as const;
  for (const [host, device] of ends) await runWell(["ethtool", "-K", device, "tx", "off"], { place: at(host) });
  const process = start([debianPython(), repositoryPath("test/lab/delay.py"), "near", "far", String(delayMs)], { place: at(slowHost) });
  await process.ready("passes frames on", () => process.stdout().includes("ready"));
  return process;
}
