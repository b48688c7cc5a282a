import type { Place } from "./process/place.ts";
import { runWell } from "./process/run.ts";
import { portMappings } from "./topology.ts";

/** For whom the firewall rewrites the source of what it maps. `nat-on-for-180` is what the post-mortem found; `nat-on-inside`: for neighbours on the LAN who dial the public address. */
export type NatMode = "nat-on-for-180" | "nat-off" | "nat-on-all" | "nat-on-inside";

/** The rule that hides the source, as nft has it; empty where there is none. */
export function sourceRule(mode: NatMode): string {
  switch (mode) {
    case "nat-off":
      return "";
    case "nat-on-for-180":
      return 'oifname "lan" ip daddr 10.77.0.180 masquerade';
    case "nat-on-all":
      return 'oifname "lan" masquerade';
    case "nat-on-inside":
      return 'oifname "lan" ip saddr 10.77.0.0/24 masquerade';
  }
}

function ruleset(mode: NatMode): string {
  const mappings = portMappings.map(({ publicPort, to }) => `ip daddr 198.51.100.36 tcp dport ${publicPort} dnat to ${to}`);
  return `flush ruleset
table ip nat {
  chain inbound {
    type nat hook prerouting priority dstnat;
    ${mappings.join("\n    ")}
  }
  chain outbound {
    type nat hook postrouting priority srcnat;
    ${sourceRule(mode)}
    oifname "wan" ip saddr 10.77.0.0/24 masquerade
  }
}
`;
}

/** Loads the firewall's rules, all or none. Connections that are open keep the mapping they began with, as on any Linux firewall. */
export async function setFirewall(firewall: Place, mode: NatMode): Promise<void> {
  await runWell(["nft", "-f", "-"], { place: firewall, input: ruleset(mode) });
}
