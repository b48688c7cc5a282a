import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Diagnosis, FactValue } from "@wherefrom/diagnosis";
import { LabError } from "./errors.ts";
import type { Place } from "./process/place.ts";
import { run } from "./process/run.ts";
import { type Started, start } from "./process/started.ts";
import { RELAY_READY, type RelayOptions } from "./relay.ts";

/** The path of every echo in the lab. */
export const ECHO_PATH = "/.wherefrom-0123456789abcdef";

/** The words that start `wherefrom`. */
export type Wherefrom = readonly string[];

/** What `--json` prints when everything listens: one whole line. */
const READY_LINE = /^\{.*\}\n/m;

export type EchoOptions = { readonly place: Place; readonly host: string; readonly port: number; readonly args?: readonly string[] };

/** Starts `wherefrom doctor serve` and waits for the line that says where it is. The lab may run in a container, but its hosts are none. */
export async function startEcho(
  wherefrom: Wherefrom,
  { place, host, port, args = [] }: EchoOptions,
): Promise<Started & { readonly port: number }> {
  const listen = ["--host", host, "--port", String(port), "--path", ECHO_PATH];
  const running = start([...wherefrom, "doctor", "serve", ...listen, "--container", "no", "--json", ...args], { place });
  const line = await running.ready("says where it is", () => READY_LINE.exec(running.stdout())?.[0]);
  return { ...running, port: (JSON.parse(line) as { port: number }).port };
}

export type GatewayOptions = {
  readonly place: Place;
  readonly host: string;
  readonly port: number;
  readonly clientIpResolutionConfig: Readonly<Record<string, unknown>>;
  /** Origin that every request goes to. */
  readonly target: string;
  /** A folder for its snapshot. */
  readonly folder: string;
  readonly args?: readonly string[];
};

/** Starts `wherefrom gateway` with a snapshot of one route and waits for the line that says where it listens. */
export async function startGateway(wherefrom: Wherefrom, options: GatewayOptions): Promise<Started> {
  const { place, host, port, clientIpResolutionConfig, target, folder, args = [] } = options;
  const file = join(folder, `snapshot-${port}.json`);
  const routes = [{ name: "everything", target }];
  await writeFile(file, JSON.stringify({ organization: "lab", environment: "lab", revision: 1, clientIpResolutionConfig, routes }));
  const running = start([...wherefrom, "gateway", "--snapshot", file, "--host", host, "--port", String(port), "--json", ...args], {
    place,
  });
  await running.ready("says where it listens", () => READY_LINE.test(running.stdout()));
  return running;
}

/** Starts a relay and waits until it listens. */
export async function startRelay(place: Place, options: RelayOptions): Promise<Started> {
  const running = start([process.execPath, fileURLToPath(new URL("./relay.js", import.meta.url)), JSON.stringify(options)], { place });
  await running.ready("listens", () => running.stdout().includes(RELAY_READY));
  return running;
}

/** The part of a probe's JSON that the lab looks at; `isAnswered` is false when nothing answered. */
export type Probed = {
  readonly isAnswered: boolean;
  /** Whether the probe found nothing wrong. */
  readonly isWell: boolean;
  readonly peers: readonly string[];
  readonly facts: Readonly<Record<string, FactValue>>;
  readonly policy: Readonly<Record<string, unknown>> | undefined;
  readonly causes: Diagnosis["causes"];
};

type ProbeJson = {
  readonly path: { readonly legs: readonly { readonly peers: readonly string[] }[] };
  readonly proposal: { readonly proposals?: readonly { readonly policy: Readonly<Record<string, unknown>> }[] };
  readonly facts: Probed["facts"];
  readonly diagnosis: Pick<Diagnosis, "causes">;
};

/** Asks by `wherefrom doctor probe`, from a place. Errors: LAB_FAILED when the probe could not be made. */
export async function probe(
  wherefrom: Wherefrom,
  { place, args }: { readonly place: Place; readonly args: readonly string[] },
): Promise<Probed> {
  const { exitCode, stdout, stderr } = await run([...wherefrom, "doctor", "probe", "--family", "4", "--rounds", "1", "--json", ...args], {
    place,
  });
  if (exitCode === 3) return { isAnswered: false, isWell: false, peers: [], facts: {}, policy: undefined, causes: [] };
  if (exitCode !== 0 && exitCode !== 1)
    throw new LabError("LAB_FAILED", `A probe from ${place.name} ended with ${exitCode}: ${stderr.trim()}`);
  const { path, proposal, facts, diagnosis } = JSON.parse(stdout) as ProbeJson;
  const peers = [...new Set(path.legs.flatMap((leg) => leg.peers))];
  return { isAnswered: true, isWell: exitCode === 0, peers, facts, policy: proposal.proposals?.[0]?.policy, causes: diagnosis.causes };
}
