import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { parseAddress, parsePrefix, prefixesOverlap } from "wherefrom";
import type { ContainerKind, HostFacts } from "./observation.ts";

/** What the host is asked: files of Linux, its own addresses, its environment. Where there is no such file, nobody knows. */
export type HostSources = {
  readonly readText: (path: string) => string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The host's own addresses with their prefix lengths. */
  readonly ownPrefixes: () => readonly string[];
  /** What it runs in, where somebody knows that better than the files. */
  readonly container?: ContainerKind;
};

/** This process's own host. */
export const thisHost: HostSources = {
  readText(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  environment: process.env,
  ownPrefixes: () =>
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [cidr]))),
};

/** Says what the host knows that tells something of a peer. Not fast: for one request in a while. */
export function hostFactsFor({ peer, local }: { readonly peer: string; readonly local: string }, sources: HostSources): HostFacts {
  const address = parseAddress(peer.split("%")[0] ?? "")?.text;
  const gateways = defaultGateways(sources);
  const isInOwnSubnet = address === undefined ? undefined : sources.ownPrefixes().some((prefix) => holds(prefix, address));
  return {
    ...(gateways !== undefined && address !== undefined && { isPeerDefaultGateway: gateways.includes(address) }),
    ...(isInOwnSubnet !== undefined && { isPeerInOwnSubnet: isInOwnSubnet }),
    container: sources.container ?? containerOf(sources),
    hasSidecar: Object.keys(sources.environment).some((name) => name.startsWith("ISTIO_META_")),
    listensOnLoopback: local.startsWith("127.") || local === "::1",
  };
}

function holds(prefix: string, address: string): boolean {
  const [network = "", length = ""] = prefix.split("/");
  const reading = parsePrefix(`${network}/${length}`);
  // an interface's prefix has host bits; the reading says which network it lies in
  const outer = reading.kind === "host-bits-set" ? parsePrefix(reading.suggestion) : reading;
  const inner = parsePrefix(address);
  return outer.kind === "prefix" && inner.kind === "prefix" && prefixesOverlap(outer.prefix, inner.prefix);
}

/** Gateways of the default routes in this process's network namespace. `undefined` where the system does not say. */
function defaultGateways({ readText }: HostSources): readonly string[] | undefined {
  const v4 = readText("/proc/net/route");
  const v6 = readText("/proc/net/ipv6_route");
  if (v4 === undefined && v6 === undefined) return undefined;
  return [...gatewaysV4(v4 ?? ""), ...gatewaysV6(v6 ?? "")];
}

/** Columns: interface, destination, gateway, flags, …, mask. Addresses are hexadecimal in the host's byte order, which is little-endian on every system that Node runs on. */
function gatewaysV4(text: string): readonly string[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const gateway = columns[2] ?? "";
      if (columns[1] !== "00000000" || columns[7] !== "00000000" || !/^[0-9A-Fa-f]{8}$/.test(gateway) || gateway === "00000000") return [];
      const bytes = gateway.match(/../g) ?? [];
      return [
        bytes
          .toReversed()
          .map((byte) => Number.parseInt(byte, 16))
          .join("."),
      ];
    });
}

/** Columns: destination, its length, source, its length, next hop, … in network byte order. */
function gatewaysV6(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const [destination = "", length, , , nextHop = ""] = line.trim().split(/\s+/);
    if (!/^0{32}$/.test(destination) || length !== "00" || !/^[0-9a-f]{32}$/.test(nextHop) || /^0{32}$/.test(nextHop)) return [];
    const address = parseAddress((nextHop.match(/.{4}/g) ?? []).join(":"));
    return address === undefined ? [] : [address.text];
  });
}

function containerOf({ readText, environment }: HostSources): ContainerKind {
  if (environment["KUBERNETES_SERVICE_HOST"] !== undefined) return "k8s";
  const container = readText("/run/.containerenv");
  if (container !== undefined) return /^rootless=1$/m.test(container) ? "podman-rootless" : "docker";
  if (readText("/.dockerenv") !== undefined) return "docker";
  const kernel = readText("/proc/version");
  if (kernel === undefined) return "unknown";
  if (/microsoft/i.test(kernel)) return "wsl";
  if (/linuxkit/i.test(kernel)) return "vm-nat";
  return /docker|containerd|kubepods|libpod/.test(readText("/proc/1/cgroup") ?? "") ? "docker" : "no";
}
