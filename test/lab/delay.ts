import type { Network } from "../../packages/doctor/src/lab/network.ts";
import { slowHost } from "../../packages/doctor/src/lab/topology.ts";
import { debianPython } from "../apps/python.ts";
import { repositoryPath } from "../process/repository.ts";
import { runWell } from "../process/run.ts";
import { type Started, start } from "../process/started.ts";

/** What becomes of frames on the client's cable, in each direction. */
export type Cable = {
  readonly delayMs: number;
  /** Up to how much longer a frame takes, so that some overtake others. */
  readonly moreMs?: number;
  readonly lostPercent?: number;
};

/** Starts what makes the client's cable slow, or bad. Kernels without netem have nothing of their own for it. */
export async function startDelay({ at }: Network, { delayMs, moreMs = 0, lostPercent = 0 }: Cable): Promise<Started> {
  // whoever sends leaves checksums to a card that is not there, and on a raw socket nobody makes them
  const ends = [
    ["client", "eth0"],
    ["wan", "client0"],
    [slowHost, "near"],
    [slowHost, "far"],
  ] as const;
  for (const [host, device] of ends) await runWell(["ethtool", "-K", device, "tx", "off"], { place: at(host) });
  const process = start(
    [debianPython(), repositoryPath("test/lab/delay.py"), "near", "far", ...[delayMs, moreMs, lostPercent].map(String)],
    { place: at(slowHost) },
  );
  await process.ready("passes frames on", () => process.stdout().includes("ready"));
  return process;
}
