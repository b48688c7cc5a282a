import { kindOfAddress } from "@wherefrom/diagnosis";
import type { Policy } from "wherefrom";
import { countedChains, countedHops, hopsIn, shapeOf } from "./chain-shape.ts";
import { MIN_REQUESTS, NEARLY_ALL } from "./environment-facts.ts";
import type { RecentTraffic } from "./recent-traffic.ts";
import { isLocal, isProvider } from "./result-kinds.ts";

/** Different addresses that the other index must give, or it would give another proxy's. */
const MIN_CLIENTS = 3;

type Configuration = Readonly<Record<string, unknown>>;
type Configured = { readonly policy: Policy; readonly configuration: Configuration };

/**
 * Another index for a policy whose index counts other hops than the path writes. It is for a probe to confirm: traffic does not show who wrote which hop.
 *
 * Not where a hop to the right of it is anything but a proxy's by its address, private or a provider's: it could be the client, and what stands before it a
 * claim of the client's. Not where the other index would give private addresses, those of a provider, or always the same.
 */
export function proposeIndex(traffic: RecentTraffic, { policy, configuration }: Configured): Configuration | undefined {
  const counted = countedHops(policy);
  const chains = countedChains(policy, traffic);
  const shape = shapeOf(chains);
  const algorithm = configuration["headerIndexAlgorithm"];
  if (counted === undefined || shape === undefined || traffic.requests < MIN_REQUESTS || typeof algorithm !== "object") return undefined;
  const { written } = shape;
  if (written === 0 || !counted.isFromRight || written === counted.hops) return undefined;
  const clients = new Set<string>();
  let fitting = 0;
  for (const { text, requests: times } of chains.values) {
    const [client = "", ...proxies] = hopsIn(text).slice(-written);
    if (!isClient(client) || !proxies.every(isProxy)) continue;
    clients.add(client);
    fitting += times;
  }
  if (fitting < NEARLY_ALL * (chains.requests + chains.absent) || clients.size < MIN_CLIENTS) return undefined;
  return { ...configuration, headerIndexAlgorithm: { ...algorithm, ipHeaderIndex: -written } };
}

function isClient(hop: string): boolean {
  return kindOfAddress(hop) !== "unknown" && !isProxy(hop);
}

function isProxy(hop: string): boolean {
  return isLocal(hop) || isProvider(hop);
}
