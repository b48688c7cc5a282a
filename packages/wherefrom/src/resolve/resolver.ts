import { choosePeer } from "../algorithm/algorithm.ts";
import { createDefault } from "../algorithm/default.ts";
import type { Observer } from "../algorithm/observer.ts";
import { createRequest, type Request, readRequest } from "../algorithm/request.ts";
import { type Rejection, rejected, SELECTED_UNVERIFIED, SELECTED_VERIFIED, type Selection } from "../algorithm/selection.ts";
import { chooserOf } from "../algorithm/table.ts";
import type { Evidence } from "../header/evidence.ts";
import { type Limits, limitsWith } from "../header/limits.ts";
import { explainWalk } from "./explain.ts";
import type { Explanation } from "./explanation.ts";
import type { Policy } from "./policy.ts";
import { noAddress, type Resolution, resolutionOf } from "./resolution.ts";

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

function createWalk({ algorithm: configuration, fallback, ipv6GroupPrefix }: Policy, limits: Limits): Walk {
  const choose = chooserOf(configuration, limits);
  const byDefault = createDefault(limits);
  const request = createRequest();

  return (evidence, observer) => {
    readRequest(evidence, request);
    const algorithm = choose(request.peer);
    let selection = algorithm.select(request, observer);
    let reason: Rejection | undefined;
    if (selection.kind === "rejected") {
      reason = selection.reason;
      if (fallback === "REJECT") return noAddress(reason, algorithm.name);
      const isHeaderAsked = fallback === "DEFAULT" && !GATE_REJECTIONS.has(reason);
      selection = isHeaderAsked ? byDefault.select(request, observer) : selectPeer(request, reason, observer);
      if (selection.kind === "rejected") return noAddress(reason, algorithm.name);
    }
    return resolutionOf(request, { trust: selection.trust, algorithm: algorithm.name, reason }, ipv6GroupPrefix);
  };
}

/** After these no header counts as evidence: nobody vouches for the peer that sent it. */
const GATE_REJECTIONS: ReadonlySet<Rejection> = new Set(["untrusted-peer", "peer-unknown", "no-entrance-matched"]);

/** The peer as a fallback. A gate that named it untrusted has judged it; any other peer here may be a load balancer in place of its client. */
function selectPeer(request: Request, reason: Rejection, observer: Observer | undefined): Selection {
  if (request.peer.kind !== "address") return rejected("peer-unknown");
  choosePeer(request, observer);
  return reason === "untrusted-peer" ? SELECTED_VERIFIED : SELECTED_UNVERIFIED;
}
