import { setImmediate } from "node:timers/promises";
import { createResolver, type Evidence, escapeText, evidenceOfFields, type HeaderField, type Policy, type Resolution } from "wherefrom";

/** A request that a preview looks at, wherever it is from. */
export type PreviewRequest = {
  readonly peer: string | undefined;
  readonly headers: readonly HeaderField[];
  /** How often it came. Default: once. */
  readonly times?: number;
  readonly method?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Name of the route that took it. */
  readonly api?: string | undefined;
};

/** How a request is resolved, but for the address itself. */
export type Verdict = Pick<Resolution, "outcome" | "trust" | "reason">;

/** Requests that go the same way from one verdict to another. */
export type Transition = {
  readonly from: Verdict;
  readonly to: Verdict;
  readonly isOtherAddress: boolean;
  readonly requests: number;
  /** The first of them. */
  readonly samples: readonly Sample[];
};

export type Sample = {
  /** Place among all requests, from 1. */
  readonly position: number;
  /** Escaped. */
  readonly peer: string | null;
  readonly from: string | null;
  readonly to: string | null;
};

/** What another policy would make of requests. */
export type Comparison = {
  readonly requests: number;
  /** Requests with another address, with one instead of none, or with none instead of one. */
  readonly otherAddress: number;
  /** Requests that would be limited by another key. */
  readonly otherKey: number;
  readonly trustGained: number;
  readonly trustLost: number;
  readonly verified: BeforeAndAfter;
  /** Requests without an address. */
  readonly rejected: BeforeAndAfter;
  /** The most frequent first. Requests for which nothing changes are in none of them. */
  readonly transitions: readonly Transition[];
  /** Requests about which another security action decides, the most frequent first. */
  readonly actionChanges: readonly ActionChange[];
};

/** Ids of security actions; `null`: none decides. */
export type ActionChange = { readonly from: string | null; readonly to: string | null; readonly requests: number };

type BeforeAndAfter = { readonly before: number; readonly after: number };

/** Requests resolved before others get their turn. */
const SLICE_REQUESTS = 1_000;
const MAX_PEER_LENGTH = 80;

/** The id of the security action that decides about a request with this resolution, `undefined` when none does. */
export type DecidingAction = (request: PreviewRequest, resolution: Resolution) => string | undefined;

type Compared = {
  readonly before: Policy;
  readonly after: Policy;
  readonly maxSamples: number;
  readonly decidingAction?: DecidingAction;
  /** Of who waits for it. */
  readonly signal?: AbortSignal;
};

/** Resolves each request by both policies, and counts what differs. Not by the policies' texts: two that say the same differ in nothing. Errors: the reason of the signal. */
export async function comparePolicies(
  requests: Iterable<PreviewRequest> | AsyncIterable<PreviewRequest>,
  { before, after, maxSamples, decidingAction = () => undefined, signal }: Compared,
): Promise<Comparison> {
  const [left, right] = [createResolver(before), createResolver(after)];
  const counter = createCounter(maxSamples);
  let position = 0;
  let count = 0;
  for await (const request of requests) {
    position += 1;
    const { times = 1 } = request;
    count += times;
    if (position % SLICE_REQUESTS === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    const evidence: Evidence = evidenceOfFields(request.peer, request.headers);
    const [from, to] = [left.resolve(evidence), right.resolve(evidence)];
    const decidedBefore = decidingAction(request, from) ?? null;
    // a security action sees nothing else of a resolution
    const isSeenAlike = from.ip === to.ip && from.trust === to.trust;
    const actions = { from: decidedBefore, to: isSeenAlike ? decidedBefore : (decidingAction(request, to) ?? null) };
    counter.count({ position, times, peer: request.peer, from, to, actions });
  }
  return { requests: count, ...counter.counted() };
}

type Pair = {
  readonly position: number;
  readonly times: number;
  readonly peer: string | undefined;
  readonly from: Resolution;
  readonly to: Resolution;
  readonly actions: Pick<ActionChange, "from" | "to">;
};
type Counter = { count(pair: Pair): void; counted(): Omit<Comparison, "requests"> };
type Growing = Transition & { requests: number; readonly samples: Sample[] };

function createCounter(maxSamples: number): Counter {
  const counts = { otherAddress: 0, otherKey: 0, trustGained: 0, trustLost: 0 };
  const verified = { before: 0, after: 0 };
  const rejected = { before: 0, after: 0 };
  const transitions = new Map<string, Growing>();
  const actionChanges = new Map<string, ActionChange & { requests: number }>();
  return {
    count({ position, times, peer, from, to, actions }) {
      const isOtherAddress = from.ip !== to.ip;
      const isOtherKey = from.key !== to.key;
      verified.before += from.trust === "verified" ? times : 0;
      verified.after += to.trust === "verified" ? times : 0;
      rejected.before += from.ip === null ? times : 0;
      rejected.after += to.ip === null ? times : 0;
      counts.otherAddress += isOtherAddress ? times : 0;
      counts.otherKey += isOtherKey ? times : 0;
      counts.trustGained += from.trust !== "verified" && to.trust === "verified" ? times : 0;
      counts.trustLost += from.trust === "verified" && to.trust !== "verified" ? times : 0;
      if (actions.from !== actions.to) {
        const name = JSON.stringify(actions);
        const change = actionChanges.get(name) ?? { ...actions, requests: 0 };
        actionChanges.set(name, change);
        change.requests += times;
      }
      if (!isOtherAddress && !isOtherKey && isSameVerdict(from, to)) return;
      const key = JSON.stringify([verdictOf(from), verdictOf(to), isOtherAddress]);
      const transition = transitions.get(key) ?? { from: verdictOf(from), to: verdictOf(to), isOtherAddress, requests: 0, samples: [] };
      transitions.set(key, transition);
      transition.requests += times;
      if (transition.samples.length >= maxSamples) return;
      const shownPeer = peer === undefined ? null : escapeText(peer, MAX_PEER_LENGTH);
      transition.samples.push({ position, peer: shownPeer, from: from.ip, to: to.ip });
    },
    counted: () => ({
      ...counts,
      verified,
      rejected,
      transitions: mostFirst(transitions.values()),
      actionChanges: mostFirst(actionChanges.values()),
    }),
  };
}

function mostFirst<Counted extends { readonly requests: number }>(all: Iterable<Counted>): Counted[] {
  return [...all].sort((left, right) => right.requests - left.requests);
}

function isSameVerdict(from: Verdict, to: Verdict): boolean {
  return from.outcome === to.outcome && from.trust === to.trust && from.reason === to.reason;
}

function verdictOf({ outcome, trust, reason }: Resolution): Verdict {
  return { outcome, trust, ...(reason !== undefined && { reason }) };
}
