import { CliError } from "./errors.ts";

type BeforeAndAfter = { readonly before: number; readonly after: number };
type Verdict = { readonly outcome: string; readonly trust: string; readonly reason?: string };
type Sample = { readonly position: number; readonly peer: string | null; readonly from: string | null; readonly to: string | null };

export type Transition = {
  readonly from: Verdict;
  readonly to: Verdict;
  readonly otherAddress: boolean;
  readonly requests: number;
  readonly samples: readonly Sample[];
};

/** What a preview counts. */
export type PreviewCounts = {
  readonly requests: number;
  /** Whether there was any request to look at. */
  readonly judged: boolean;
  readonly otherAddress: number;
  readonly otherKey: number;
  readonly trustGained: number;
  readonly trustLost: number;
  readonly verified: BeforeAndAfter;
  readonly rejected: BeforeAndAfter;
  readonly transitions: readonly Transition[];
  readonly actionChanges: readonly ActionChange[];
  readonly actionsNotJudged: readonly string[];
  /** Of recorded traffic only. */
  readonly withoutEvidence?: number;
  readonly notJudgedReason?: NotJudgedReason;
};

/** Why requests of recorded traffic could not be looked at. */
export type NotJudgedReason = "NOTHING_RECORDED" | "ADDRESSES_TRUNCATED" | "ADDRESSES_HASHED" | "EVIDENCE_NOT_KEPT";

/** Ids of security actions; `null`: none decides. */
export type ActionChange = { readonly from: string | null; readonly to: string | null; readonly requests: number };

/** A preview as the API answers it. */
export type Preview = PreviewCounts & { readonly etag: string; readonly revisionId: string };

/**
 * Two previews of the same policy on requests that follow each other, as one. Positions go on counting.
 *
 * Errors: `CliError` API_REFUSED when the environment changed between the two: their sum would be about nothing.
 */
export function addPreview<Answer extends Preview>(sum: Answer, next: Preview, maxSamples: number): Answer {
  if (sum.etag !== next.etag) throw new CliError("API_REFUSED", "The environment was changed while it was previewed: start again");
  const { notJudgedReason: _of, ...before } = sum;
  const requests = sum.requests + next.requests;
  const notJudgedReason = addedReason([sum, next], requests);
  return {
    ...(before as Answer),
    requests,
    judged: requests > 0,
    otherAddress: sum.otherAddress + next.otherAddress,
    otherKey: sum.otherKey + next.otherKey,
    trustGained: sum.trustGained + next.trustGained,
    trustLost: sum.trustLost + next.trustLost,
    verified: added(sum.verified, next.verified),
    rejected: added(sum.rejected, next.rejected),
    transitions: addedTransitions(sum, next, maxSamples),
    actionChanges: addedActionChanges([...sum.actionChanges, ...next.actionChanges]),
    actionsNotJudged: next.actionsNotJudged,
    ...(next.withoutEvidence !== undefined && { withoutEvidence: next.withoutEvidence + (sum.withoutEvidence ?? 0) }),
    ...(notJudgedReason !== undefined && { notJudgedReason }),
  };
}

/** That nothing was recorded in a part is no reason when anything was in another. */
function addedReason(parts: readonly PreviewCounts[], requests: number): NotJudgedReason | undefined {
  const reasons = parts.flatMap(({ notJudgedReason }) => notJudgedReason ?? []);
  return reasons.find((reason) => reason !== "NOTHING_RECORDED") ?? (requests === 0 ? reasons[0] : undefined);
}

function addedActionChanges(all: readonly ActionChange[]): readonly ActionChange[] {
  const changes = new Map<string, ActionChange>();
  for (const { from, to, requests } of all) {
    const key = JSON.stringify([from, to]);
    changes.set(key, { from, to, requests: requests + (changes.get(key)?.requests ?? 0) });
  }
  return [...changes.values()].sort((left, right) => right.requests - left.requests);
}

function added(left: BeforeAndAfter, right: BeforeAndAfter): BeforeAndAfter {
  return { before: left.before + right.before, after: left.after + right.after };
}

function addedTransitions(sum: PreviewCounts, next: PreviewCounts, maxSamples: number): readonly Transition[] {
  const later = next.transitions.map((transition) => ({
    ...transition,
    samples: transition.samples.map((sample) => ({ ...sample, position: sample.position + sum.requests })),
  }));
  const all = new Map<string, Transition>();
  for (const transition of [...sum.transitions, ...later]) {
    const key = JSON.stringify([transition.from, transition.to, transition.otherAddress]);
    const known = all.get(key);
    const samples = [...(known?.samples ?? []), ...transition.samples].slice(0, maxSamples);
    all.set(key, { ...transition, requests: transition.requests + (known?.requests ?? 0), samples });
  }
  return [...all.values()].sort((left, right) => right.requests - left.requests);
}
