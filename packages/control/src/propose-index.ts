import { kindOfAddress } from "@wherefrom/diagnosis";
import type { Policy } from "wherefrom";
import { hopsIn, shapeOf } from "./chain-shape.ts";
import { type CountedHops, countedHops, type Entrance } from "./counted-hops.ts";
import { MIN_REQUESTS, NEARLY_ALL } from "./environment-facts.ts";
import type { RecentTraffic } from "./recent-traffic.ts";
import { isLocal, isProvider } from "./result-kinds.ts";

/** Different addresses that the other index must give, or it would give another proxy's. */
const MIN_CLIENTS = 3;

type Configuration = Readonly<Record<string, unknown>>;
type Configured = { readonly policy: Policy; readonly configuration: Configuration };

/**
 * Other indexes for a policy whose indexes count other hops than the path writes. They are for a probe to confirm: traffic does not show who wrote which hop.
 *
 * Not where a hop to the right of it is anything but a proxy's by its address, private or a provider's: it could be the client, and what stands before it a
 * claim of the client's. Not where the other index would give private addresses, those of a provider, or always the same.
 */
export function proposeIndex(traffic: RecentTraffic, { policy, configuration }: Configured): Configuration | undefined {
  let proposal: Configuration | undefined;
  for (const counted of countedHops(policy, traffic)) {
    const written = fittingHops(counted);
    if (written !== undefined) proposal = withIndex(proposal ?? configuration, { index: -written, entrance: counted.entrance });
  }
  return proposal;
}

/** How many hops the path writes, where that is not what the index counts and may be proposed. */
function fittingHops({ hops, isFromRight, chains }: CountedHops): number | undefined {
  const written = shapeOf(chains)?.written ?? 0;
  if (written === 0 || chains.requests + chains.absent < MIN_REQUESTS || !isFromRight || written === hops) return undefined;
  const clients = new Set<string>();
  let fitting = 0;
  for (const { text, requests: times } of chains.values) {
    const [client = "", ...proxies] = hopsIn(text).slice(-written);
    if (!isClient(client) || !proxies.every(isProxy)) continue;
    clients.add(client);
    fitting += times;
  }
  return fitting < NEARLY_ALL * (chains.requests + chains.absent) || clients.size < MIN_CLIENTS ? undefined : written;
}

type Indexed = { readonly index: number; readonly entrance: Entrance | undefined };

/** The configuration with another index, at those of its entrances where it has several. */
function withIndex(configuration: Configuration, { index, entrance }: Indexed): Configuration {
  if (entrance === undefined) {
    return { ...configuration, headerIndexAlgorithm: { ...(configuration["headerIndexAlgorithm"] as object), ipHeaderIndex: index } };
  }
  const { algorithms } = configuration["firstMatchAlgorithm"] as { readonly algorithms: readonly Configuration[] };
  const changed = algorithms.map((one, place) => (entrance.places.includes(place) ? withIndex(one, { index, entrance: undefined }) : one));
  return { ...configuration, firstMatchAlgorithm: { algorithms: changed } };
}

function isClient(hop: string): boolean {
  return kindOfAddress(hop) !== "unknown" && !isProxy(hop);
}

function isProxy(hop: string): boolean {
  return isLocal(hop) || isProvider(hop);
}
