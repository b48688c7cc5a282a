/**
 * The network of the post-mortem this project began with, as data.
 *
 *   client ── wan ── firewall ── LAN ─┬─ service180
 *              └──── cloud            └─ service112
 *
 * Devices reach the services by port mappings of the firewall. A firewall that also rewrites the source (NAT on) hides them behind its
 * own LAN address; an old nginx in the cloud that a forgotten configuration still names hides them behind its own.
 */
export const hostNames = ["client", "wan", "cloud", "firewall", "service180", "service112", "slow"] as const;

export type HostName = (typeof hostNames)[number];

type Interface = readonly [host: HostName, device: string];

/** Where frames on the client's cable wait, in a lab that is to be as slow as the internet. */
export const slowHost = "slow";

/** Both ends of a cable. Each end is made inside its host, so nothing of the lab is ever in the machine's own network. */
const links: readonly (readonly [Interface, Interface])[] = [
  [
    ["cloud", "eth0"],
    ["wan", "cloud0"],
  ],
  [
    ["firewall", "wan"],
    ["wan", "firewall0"],
  ],
  [
    ["service180", "eth0"],
    ["firewall", "lan180"],
  ],
  [
    ["service112", "eth0"],
    ["firewall", "lan112"],
  ],
];

/** All cables. The client's goes through the slow host where there is to be a delay. */
export function linksOf({ isSlow }: { readonly isSlow: boolean }): readonly (readonly [Interface, Interface])[] {
  const client: Interface = ["client", "eth0"];
  const wan: Interface = ["wan", "client0"];
  if (!isSlow) return [[client, wan], ...links];
  return [[client, [slowHost, "near"]], [[slowHost, "far"], wan], ...links];
}

/** The firewall's LAN side: one bridge over the cables to the services. */
export const lanBridge: { readonly host: HostName; readonly device: string; readonly ports: readonly string[] } = {
  host: "firewall",
  device: "lan",
  ports: ["lan180", "lan112"],
};

export const addresses: readonly { readonly host: HostName; readonly device: string; readonly prefix: string }[] = [
  { host: "client", device: "eth0", prefix: "203.0.113.10/24" },
  { host: "client", device: "eth0", prefix: "203.0.113.11/24" },
  { host: "wan", device: "client0", prefix: "203.0.113.1/24" },
  { host: "wan", device: "cloud0", prefix: "198.51.100.129/25" },
  { host: "wan", device: "firewall0", prefix: "198.51.100.1/25" },
  { host: "cloud", device: "eth0", prefix: "198.51.100.147/25" },
  { host: "firewall", device: "wan", prefix: "198.51.100.36/25" },
  { host: "firewall", device: "lan", prefix: "10.77.0.1/24" },
  { host: "service180", device: "eth0", prefix: "10.77.0.180/24" },
  { host: "service112", device: "eth0", prefix: "10.77.0.112/24" },
];

export const defaultRoutes: Readonly<Partial<Record<HostName, string>>> = {
  client: "203.0.113.1",
  cloud: "198.51.100.129",
  firewall: "198.51.100.1",
  service180: "10.77.0.1",
  service112: "10.77.0.1",
};

/** Hosts that pass packets on. */
export const routers: readonly HostName[] = ["wan", "firewall"];

/** Port mappings of the firewall's public address. */
export const portMappings: readonly { readonly publicPort: number; readonly to: string }[] = [
  { publicPort: 18000, to: "10.77.0.180:8000" },
  { publicPort: 18080, to: "10.77.0.180:8080" },
  { publicPort: 10002, to: "10.77.0.112:8001" },
  { publicPort: 10080, to: "10.77.0.112:8080" },
];
