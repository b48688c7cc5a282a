import { setImmediate } from "node:timers/promises";
import { createResolver, type Evidence, escapeText, evidenceOfFields, type HeaderField, type Policy, type Resolution } from "wherefrom";

/** A request that a preview looks at, wherever it is from. */
export type PreviewRequest = { readonly peer: string | undefined; readonly headers: readonly HeaderField[] };

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
};

type BeforeAndAfter = { readonly before: number; readonly after: number };

/** Requests resolved before others get their turn. */
const SLICE_REQUESTS = 1_000;
const MAX_PEER_LENGTH = 80;

type Policies = { readonly before: Policy; readonly after: Policy; readonly maxSamples: number };

/** Resolves each request by both policies, and counts what differs. Not by the policies' texts: two that say the same differ in nothing. */
export async function comparePolicies(
  requests: Iterable<PreviewRequest> | AsyncIterable<PreviewRequest>,
  { before, after, maxSamples }: Policies,
): Promise<Comparison> {
  const [left, right] = [createResolver(before), createResolver(after)];
  const counter = createCounter(maxSamples);
  let position = 0;
  for await (const request of requests) {
    position += 1;
    if (position % SLICE_REQUESTS === 0) await setImmediate();
    const evidence: Evidence = evidenceOfFields(request.peer, request.headers);
    counter.count({ position, peer: request.peer, from: left.resolve(evidence), to: right.resolve(evidence) });
  }
  return { requests: position, ...counter.counted() };
}

type Pair = { readonly position: number; readonly peer: string | undefined; readonly from: Resolution; readonly to: Resolution };
type Counter = { count(pair: Pair): void; counted(): Omit<Comparison, "requests"> };
type Growing = Transition & { requests: number; readonly samples: Sample[] };

function createCounter(maxSamples: number): Counter {
  const counts = { otherAddress: 0, otherKey: 0, trustGained: 0, trustLost: 0 };
  const verified = { before: 0, after: 0 };
  const rejected = { before: 0, after: 0 };
  const transitions = new Map<string, Growing>();
  return {
    count({ position, peer, from, to }) {
      const isOtherAddress = from.ip !== to.ip;
      const isOtherKey = from.key !== to.key;
      verified.before += Number(from.trust === "verified");
      verified.after += Number(to.trust === "verified");
      rejected.before += Number(from.ip === null);
      rejected.after += Number(to.ip === null);
      counts.otherAddress += Number(isOtherAddress);
      counts.otherKey += Number(isOtherKey);
      counts.trustGained += Number(from.trust !== "verified" && to.trust === "verified");
      counts.trustLost += Number(from.trust === "verified" && to.trust !== "verified");
      if (!isOtherAddress && !isOtherKey && isSameVerdict(from, to)) return;
      const key = JSON.stringify([verdictOf(from), verdictOf(to), isOtherAddress]);
      const transition = transitions.get(key) ?? { from: verdictOf(from), to: verdictOf(to), isOtherAddress, requests: 0, samples: [] };
      transitions.set(key, transition);
      transition.requests += 1;
      if (transition.samples.length >= maxSamples) return;
      const shownPeer = peer === undefined ? null : escapeText(peer, MAX_PEER_LENGTH);
      transition.samples.push({ position, peer: shownPeer, from: from.ip, to: to.ip });
    },
    counted: () => ({
      ...counts,
      verified,
      rejected,
      transitions: [...transitions.values()].sort((left, right) => right.requests - left.requests),
    }),
  };
}

function isSameVerdict(from: Verdict, to: Verdict): boolean {
  return from.outcome === to.outcome && from.trust === to.trust && from.reason === to.reason;
}

function verdictOf({ outcome, trust, reason }: Resolution): Verdict {
  return { outcome, trust, ...(reason !== undefined && { reason }) };
}
