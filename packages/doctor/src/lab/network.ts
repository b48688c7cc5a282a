import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DEFAULT_WAIT_MS, here, type Place } from "./process/place.ts";
import { runWell } from "./process/run.ts";
import { addresses, defaultRoutes, type HostName, hostNames, lanBridge, linksOf, routers } from "./topology.ts";

/** The lab's hosts, each a network namespace of its own, joined by cables. Nothing in it can reach anything outside. */
export type Network = {
  /** Where a process runs on a host. */
  readonly at: (host: HostName) => Place;
  /** Ends every process that still runs in the network and removes it. */
  close(): Promise<void>;
};

/** Names no other run uses; the process id tells a person whose they are. */
function namespaceNames(): (host: HostName) => string {
  const run = `wf${process.pid}-${randomBytes(2).toString("hex")}`;
  return (host) => `${run}-${host}`;
}

/** Starts the process that removes the namespaces when its input ends. It is detached: a Ctrl-C at the terminal does not reach it. */
function startKeeper(namespaces: readonly string[]): () => Promise<void> {
  const keeper = spawn("/bin/sh", [fileURLToPath(new URL("../../lab/keeper.sh", import.meta.url)), ...namespaces], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const ended = once(keeper, "exit");
  return async () => {
    keeper.stdin.end();
    await ended;
  };
}

/** `ip` commands that build the network, in order; each line runs in one namespace. */
function ipCommands(nameOf: (host: HostName) => string, isSlow: boolean): { host: HostName; line: string }[] {
  const commands = hostNames.map((host) => ({ host, line: "link set lo up" }));
  for (const [[host, device], [peerHost, peerDevice]] of linksOf({ isSlow })) {
    commands.push({ host, line: `link add ${device} type veth peer name ${peerDevice} netns ${nameOf(peerHost)}` });
    commands.push({ host, line: `link set ${device} up` }, { host: peerHost, line: `link set ${peerDevice} up` });
  }
  commands.push({ host: lanBridge.host, line: `link add ${lanBridge.device} type bridge` });
  for (const port of lanBridge.ports) commands.push({ host: lanBridge.host, line: `link set ${port} master ${lanBridge.device}` });
  commands.push({ host: lanBridge.host, line: `link set ${lanBridge.device} up` });
  for (const { host, device, prefix } of addresses) commands.push({ host, line: `addr add ${prefix} dev ${device}` });
  for (const host of hostNames) {
    const gateway = defaultRoutes[host];
    if (gateway !== undefined) commands.push({ host, line: `route add default via ${gateway}` });
  }
  return commands;
}

async function build(
  nameOf: (host: HostName) => string,
  { at, isSlow, waitMs }: { at: (host: HostName) => Place; isSlow: boolean; waitMs: number },
): Promise<void> {
  const machine = { place: { ...here, waitMs } };
  for (const host of hostNames) await runWell(["ip", "netns", "add", nameOf(host)], machine);
  for (const { host, line } of ipCommands(nameOf, isSlow)) await runWell(["ip", "-n", nameOf(host), ...line.split(" ")], machine);
  for (const host of routers) await runWell(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"], { place: at(host) });
  // Where the kernel sends bridged packets through the IP rules, LAN neighbours would meet the firewall's NAT. They must not.
  const bridgeRules = "/proc/sys/net/bridge/bridge-nf-call-iptables";
  await runWell(["sh", "-c", `test ! -e ${bridgeRules} || echo 0 > ${bridgeRules}`], { place: at(lanBridge.host) });
}

export type NetworkOptions = {
  readonly isSlow?: boolean;
  /** How long each step may take. */
  readonly waitMs?: number;
};

/** Builds the network. What was built of a network that failed half way is removed. */
export async function openNetwork({ isSlow = false, waitMs = DEFAULT_WAIT_MS }: NetworkOptions = {}): Promise<Network> {
  const nameOf = namespaceNames();
  const at = (host: HostName): Place => ({ name: host, prefix: ["ip", "netns", "exec", nameOf(host)], waitMs });
  const close = startKeeper(hostNames.map(nameOf));
  try {
    await build(nameOf, { at, isSlow, waitMs });
  } catch (error) {
    await close();
    throw error;
  }
  return { at, close };
}
