import { type FactValue, kindOfAddress, namedRanges, SCOPES } from "@wherefrom/diagnosis";
import { doubtfulIn, MIN_REQUESTS, PRESENT } from "./environment-facts.ts";
import type { RecentTraffic, Spread } from "./recent-traffic.ts";

/** Share of requests that is nearly all of them. */
export const NEARLY_ALL = 0.95;
/** Clients that have to be known to be different before a peer that all share means something. */
const MIN_CLIENTS = 3;
/** Peers that are a pool of proxies, and not clients. */
const MAX_POOL = 64;

type Known = Readonly<Record<string, FactValue>>;

/** What recorded traffic says for a diagnosis: nothing of too few requests, and nothing that it cannot be sure of. Pure. */
export function factsOfTraffic(traffic: RecentTraffic): Known {
  const { requests, fallbacks } = traffic;
  if (requests < MIN_REQUESTS) return {};
  return {
    ...peerFacts(traffic),
    "res.usedFallback": doubtfulIn(fallbacks) >= PRESENT * requests,
    ...(localRequests(traffic.results) >= NEARLY_ALL * requests && { "res.equals": "private" }),
  };
}

function peerFacts({ requests, peers, agents, results }: RecentTraffic): Known {
  const [top] = peers.values;
  // some peers are not known, or rarer than what is looked at
  if (top === undefined || peers.requests < NEARLY_ALL * requests) return {};
  const scope = scopeOf(peers, requests);
  // of a network nobody knows how many peers are in it
  if (top.text.includes("/")) return scope === undefined ? {} : { "peer.scope": scope };
  const isOne = top.requests >= NEARLY_ALL * requests;
  const clients = Math.max(agents.values.length, results.values.length, scope === "public" ? peers.values.length : 0);
  const isPool = !isOne && peers.values.length >= 2 && peers.values.length <= MAX_POOL && peers.values.length * 4 <= clients;
  return {
    ...(scope !== undefined && { "peer.scope": scope }),
    ...(clients >= MIN_CLIENTS && { "peer.constant": isOne }),
    ...(isPool && { "peer.pool": true }),
    ...(isOne && { "peer.range": namedRanges(top.text) }),
  };
}

/** The scope that nearly all peers have; `undefined` where they are mixed, or hashed. */
function scopeOf({ values }: Spread, requests: number): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) {
    const scope = SCOPES[kindOf(value.text)];
    if (scope !== undefined) counts.set(scope, (counts.get(scope) ?? 0) + value.requests);
  }
  return [...counts].find(([, count]) => count >= NEARLY_ALL * requests)?.[0];
}

/** Requests with an address that no client on the internet has. */
export function localRequests({ values }: Spread): number {
  const local = values.filter(({ text }) => ["private", "loopback", "mesh", "link-local"].includes(kindOf(text)));
  return local.reduce((sum, { requests }) => sum + requests, 0);
}

/** Of a truncated address its network tells the kind, too. */
function kindOf(text: string): ReturnType<typeof kindOfAddress> {
  return kindOfAddress(text.split("/", 1)[0] ?? "");
}
