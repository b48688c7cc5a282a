import type { Observer } from "../algorithm/observer.ts";
import { createRequest, type Request, readRequest } from "../algorithm/request.ts";
import type { Rejection } from "../algorithm/selection.ts";
import { type ChooseAlgorithm, chooserOf } from "../algorithm/table.ts";
import type { Evidence } from "../header/evidence.ts";
import { type Limits, limitsWith } from "../header/limits.ts";
import { explainWalk } from "./explain.ts";
import type { Explanation } from "./explanation.ts";
import type { Policy } from "./policy.ts";
import { type Choice, noAddress, type Resolution, resolutionOf } from "./resolution.ts";

/** Answers which client a request is from, by one policy. */
export type Resolver = {
  /** The answer. Never throws on anything a client can send. Not reentrant: `evidence.lines` must not call it. */
  resolve(evidence: Evidence): Resolution;
  /** The same answer, from the same walk, with the verdict on every hop. */
  explain(evidence: Evidence): Explanation;
};

/** How a resolver is built beside its policy. */
export type ResolverOptions = { readonly limits?: Partial<Limits> };

/**
 * Builds a resolver for a policy. Costs as much as the trust lists are long; build it once and not for each request.
 *
 * Errors: `LimitError` for a limit outside its range.
 */
export function createResolver(policy: Policy, options: ResolverOptions = {}): Resolver {
  const limits = limitsWith(options.limits);
  const walk = createWalk(policy, limits);
  return {
    resolve: (evidence) => walk(evidence, undefined),
    explain: (evidence) => explainWalk(walk, evidence, limits.maxHops),
  };
}

/** The one walk. The observer sees what it decides; the answer is the same with and without one. */
export type Walk = (evidence: Evidence, observer: Observer | undefined) => Resolution;

function createWalk(policy: Policy, limits: Limits): Walk {
  const choose = chooserOf(policy.algorithm, limits);
  const chooseDefault = chooserOf({ kind: "default" }, limits);
  const request = createRequest();

  return (evidence, observer) => {
    readRequest(evidence, request);
    const algorithm = choose(request.peer);
    const selection = algorithm.select(request, observer);
    if (selection.kind === "rejected") {
      return fallBack({ policy, chooseDefault, request, algorithm: algorithm.name, reason: selection.reason }, observer);
    }
    const choice: Choice = { outcome: "resolved", trust: selection.trust, algorithm: algorithm.name, reason: undefined };
    return resolutionOf(request.chosen, choice, policy.ipv6GroupPrefix);
  };
}

type Refused = {
  readonly policy: Policy;
  readonly chooseDefault: ChooseAlgorithm;
  readonly request: Request;
  readonly algorithm: string;
  readonly reason: Rejection;
};

/** After these no header counts as evidence: nobody vouches for the peer that sent it. */
const GATE_REJECTIONS: ReadonlySet<Rejection> = new Set(["untrusted-peer", "peer-unknown", "no-entrance-matched"]);

/** What the policy says should happen when its algorithm rejects. */
function fallBack({ policy, chooseDefault, request, algorithm, reason }: Refused, observer: Observer | undefined): Resolution {
  if (policy.fallback === "REJECT") return noAddress(reason, algorithm);
  if (policy.fallback === "DEFAULT" && !GATE_REJECTIONS.has(reason)) {
    const selection = chooseDefault(request.peer).select(request, observer);
    if (selection.kind === "rejected") return noAddress(reason, algorithm);
    return resolutionOf(request.chosen, { outcome: "fallback", trust: selection.trust, reason, algorithm }, policy.ipv6GroupPrefix);
  }
  if (request.peer.kind !== "address") return noAddress(reason, algorithm);
  observer?.peer("client");
  // A gate that named this peer untrusted has judged it; any other peer here may be a load balancer in place of its client.
  const trust = reason === "untrusted-peer" ? "verified" : "unverified";
  return resolutionOf(request.peer.address, { outcome: "fallback", trust, reason, algorithm }, policy.ipv6GroupPrefix);
}
