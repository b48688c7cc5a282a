import { type FactValue, namedRanges, SCOPES } from "@wherefrom/diagnosis";
import type { Policy } from "wherefrom";
import { compareTransports } from "./compare-transports.ts";
import { countedHops, hopsAgainstIndex } from "./counted-hops.ts";
import { doubtfulIn, MIN_REQUESTS, NEARLY_ALL, PRESENT, trustOf } from "./environment-facts.ts";
import { headerFacts } from "./header-facts.ts";
import type { RecentTraffic, Spread } from "./recent-traffic.ts";
import { isLocal, isProvider, kindOf, localRequests, providerRequests } from "./result-kinds.ts";
import { sumOfCounts } from "./sum-of-counts.ts";

/** Clients that have to be known to be different before a peer that all share means something. */
const MIN_CLIENTS = 3;
/** Peers that are a pool of proxies, and not clients. */
const MAX_POOL = 64;

type Known = Readonly<Record<string, FactValue>>;

/** What recorded traffic says for a diagnosis: nothing of too few requests, and nothing that it cannot be sure of. Pure. */
export function factsOfTraffic(traffic: RecentTraffic, policy: Policy): Known {
  const { requests, fallbacks } = traffic;
  if (requests < MIN_REQUESTS) return {};
  const hops = hopsOf(traffic, policy);
  const transports = compareTransports(traffic);
  const result = resultOf(traffic, policy);
  const peers = peerFacts(traffic);
  const areTrusted = peers["peer.scope"] === "loopback" && believesThisMachine(policy);
  return {
    ...peers,
    ...(areTrusted && { "app.trust": "list" }),
    ...(hops !== undefined && { "hdr.hopsAgainstIndex": hops }),
    ...headerFacts(traffic),
    ...(transports !== undefined && { "cmp.wsOnly": transports.differs }),
    ...(isOneOfSome(traffic) && { "cmp.someClientsOnly": true }),
    "res.usedFallback": doubtfulIn(fallbacks) >= PRESENT * requests,
    ...(result !== undefined && { "res.equals": result }),
  };
}

/** Of several entrances what those say that do not fit; nothing where they say different things. */
function hopsOf(traffic: RecentTraffic, policy: Policy): string | undefined {
  const known = countedHops(policy, traffic).filter(({ chains }) => chains.requests >= MIN_REQUESTS);
  const said = new Set(known.map(hopsAgainstIndex));
  if (said.size > 1) said.delete("equal");
  return said.size === 1 ? [...said][0] : undefined;
}

/** Who believes this machine alone, or everybody, has not forgotten proxies that are on it. */
function believesThisMachine({ algorithm }: Policy): boolean {
  return trustOf(algorithm) === "loopback" || (algorithm.kind === "header-index" && algorithm.trustedPeers === undefined);
}

/** Whether many clients come out as one, and others do not. */
function isOneOfSome({ requests, results, topAgents }: RecentTraffic): boolean {
  const [top] = results.values;
  if (top === undefined || topAgents.values.length < MIN_CLIENTS || top.text.includes("/")) return false;
  return top.requests < NEARLY_ALL * requests && (isLocal(top.text) || isProvider(top.text));
}

/**
 * What nearly all results are, where they are no clients. One peer that all requests have is told apart from another address that all of them got, and from
 * a proxy that has the peer's address and stands in the header.
 */
function resultOf(traffic: RecentTraffic, { algorithm }: Policy): string | undefined {
  const { requests, rejections, fallbacks, results, peers, agents } = traffic;
  const [result, peer] = [results.values[0], peers.values[0]];
  const least = NEARLY_ALL * requests;
  const isOne = result !== undefined && result.requests >= least && agents.values.length >= MIN_CLIENTS;
  const resolved = requests - sumOfCounts(rejections) - sumOfCounts(fallbacks);
  const isFromHeader = (algorithm.kind === "header-index" || algorithm.kind === "single-header") && resolved >= least;
  if (isOne && !isFromHeader && !result.text.includes("/") && result.text === peer?.text && peer.requests >= least) return "peer";
  if (providerRequests(results) >= least) return "proxy";
  if (localRequests(results) < least) return undefined;
  return isOne ? "proxy" : "private";
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
  const range = isOne ? namedRanges(top.text) : sharedRanges(peers, requests);
  const isPool = !isOne && peers.values.length >= 2 && peers.values.length <= MAX_POOL && peers.values.length * 4 <= clients;
  return {
    ...(scope !== undefined && { "peer.scope": scope }),
    ...(clients >= MIN_CLIENTS && { "peer.constant": isOne }),
    ...(isPool && { "peer.pool": true }),
    ...(range !== undefined && { "peer.range": range }),
  };
}

/** Named ranges that nearly all peers are in; `undefined` where there are none: that peers are in none of them is only known of one. */
function sharedRanges({ values }: Spread, requests: number): readonly string[] | undefined {
  const counts = new Map<string, number>();
  for (const { text, requests: times } of values)
    for (const range of namedRanges(text)) counts.set(range, (counts.get(range) ?? 0) + times);
  const shared = [...counts].filter(([, times]) => times >= NEARLY_ALL * requests).map(([range]) => range);
  return shared.length === 0 ? undefined : shared;
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
