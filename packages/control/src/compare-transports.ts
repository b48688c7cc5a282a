import { MIN_AGENTS, MIN_REQUESTS, NEARLY_ALL } from "./environment-facts.ts";
import type { Outcome, RecentTraffic } from "./recent-traffic.ts";
import { isLocal, isProvider } from "./result-kinds.ts";

/** How far shares have to be apart to be a difference. */
const APART = 0.5;

/** Whether WebSocket handshakes come out otherwise than the other requests of the same API. */
export type Transports = {
  readonly differs: boolean;
  /** Handshakes of the APIs where they do. */
  readonly requests: number;
};

/** Compares both where an API has enough of each; `undefined` where none has. Pure. */
export function compareTransports({ webSocket, http, webSocketAgents }: RecentTraffic): Transports | undefined {
  const [handshakes, others] = [countByApi(webSocket), countByApi(http)];
  const comparable = [...handshakes].flatMap(([api, first]) => {
    const second = others.get(api);
    return second === undefined || first.requests < MIN_REQUESTS || second.requests < MIN_REQUESTS ? [] : [{ first, second }];
  });
  if (comparable.length === 0) return undefined;
  const areMany = webSocketAgents.values.length >= MIN_AGENTS;
  const differing = comparable.filter(({ first, second }) => isElsewhere(first, second) || (areMany && isOneAddress(first, second)));
  return { differs: differing.length > 0, requests: differing.reduce((sum, { first }) => sum + first.requests, 0) };
}

type Count = { requests: number; wrong: number; readonly byAddress: Map<string, number> };

function countByApi(outcomes: readonly Outcome[]): ReadonlyMap<string | undefined, Count> {
  const counts = new Map<string | undefined, Count>();
  for (const outcome of outcomes) {
    const { api, requests, resolvedIp = "" } = outcome;
    const count: Count = counts.get(api) ?? { requests: 0, wrong: 0, byAddress: new Map() };
    counts.set(api, count);
    count.requests += requests;
    count.wrong += isWrong(outcome) ? requests : 0;
    count.byAddress.set(resolvedIp, (count.byAddress.get(resolvedIp) ?? 0) + requests);
  }
  return counts;
}

/** Whether an address cannot be the client's, or is in doubt. */
function isWrong({ outcome, reason, resolvedIp }: Outcome): boolean {
  if (outcome === "rejected" || (outcome === "fallback" && reason !== "untrusted-peer")) return true;
  return resolvedIp !== undefined && (isLocal(resolvedIp) || isProvider(resolvedIp));
}

/** Whether one has wrong addresses and the other has not. */
function isElsewhere(first: Count, second: Count): boolean {
  return Math.abs(first.wrong / first.requests - second.wrong / second.requests) >= APART;
}

/** Whether nearly all of the first have one address, which the second are not from: a proxy's that is in no list. */
function isOneAddress(first: Count, second: Count): boolean {
  const [address = "", requests = 0] = [...first.byAddress].toSorted(([, one], [, other]) => other - one)[0] ?? [];
  const share = requests / first.requests;
  return share >= NEARLY_ALL && share - (second.byAddress.get(address) ?? 0) / second.requests >= APART;
}
