import { MIN_REQUESTS } from "./environment-facts.ts";
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
export function compareTransports({ webSocket, http }: RecentTraffic): Transports | undefined {
  const [handshakes, others] = [countByApi(webSocket), countByApi(http)];
  const comparable = [...handshakes].flatMap(([api, first]) => {
    const second = others.get(api);
    return second === undefined || first.requests < MIN_REQUESTS || second.requests < MIN_REQUESTS ? [] : [{ first, second }];
  });
  if (comparable.length === 0) return undefined;
  const differing = comparable.filter(({ first, second }) => Math.abs(shareOf(first) - shareOf(second)) >= APART);
  return { differs: differing.length > 0, requests: differing.reduce((sum, { first }) => sum + first.requests, 0) };
}

type Count = { readonly requests: number; readonly wrong: number };

function countByApi(outcomes: readonly Outcome[]): ReadonlyMap<string | undefined, Count> {
  const counts = new Map<string | undefined, Count>();
  for (const outcome of outcomes) {
    const { requests, wrong } = counts.get(outcome.api) ?? { requests: 0, wrong: 0 };
    counts.set(outcome.api, { requests: requests + outcome.requests, wrong: wrong + (isWrong(outcome) ? outcome.requests : 0) });
  }
  return counts;
}

/** Whether an address cannot be the client's, or is in doubt. */
function isWrong({ outcome, reason, resolvedIp }: Outcome): boolean {
  if (outcome === "rejected" || (outcome === "fallback" && reason !== "untrusted-peer")) return true;
  return resolvedIp !== undefined && (isLocal(resolvedIp) || isProvider(resolvedIp));
}

function shareOf({ requests, wrong }: Count): number {
  return wrong / requests;
}
