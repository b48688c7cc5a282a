import { keepsEvidence, policyHeaders, providersWith, type SnapshotRanges } from "@wherefrom/model";
import { createResolver, type Policy, PolicyError, parsePolicy, type Resolver } from "wherefrom";
import type { SnapshotIssue } from "./issue.ts";

/** What requests need of a policy and of the ranges that it names. */
export type CompiledPolicy = {
  readonly resolver: Resolver;
  /** Resolves each request to its peer, in the same groups as the policy: for an address that is known already. */
  readonly peers: Resolver;
  /** Of which headers events have the lines, by their names in lower case. */
  readonly keepsEvidence: (name: string) => boolean;
  /** The headers that it reads, by their names in lower case. */
  readonly reads: readonly string[];
};

export type PolicyCompilation =
  | { readonly kind: "compiled"; readonly policy: CompiledPolicy }
  | { readonly kind: "refused"; readonly issues: readonly SnapshotIssue[] };

const POINTER = "/clientIpResolutionConfig";

/** Builds what requests need of the policy of a snapshot, or finds all its faults. */
export function compilePolicy(config: object, ranges: SnapshotRanges | undefined): PolicyCompilation {
  try {
    return { kind: "compiled", policy: build(parsePolicy(config, { providers: providersWith(ranges) })) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const issues = error.issues.map((issue) => ({
      ...issue,
      pointer: `${POINTER}${issue.pointer}`,
      message: `${POINTER}${issue.message}`,
    }));
    return { kind: "refused", issues };
  }
}

function build(policy: Policy): CompiledPolicy {
  return {
    resolver: createResolver(policy),
    peers: createResolver(parsePolicy({ peerAddressAlgorithm: {}, ipv6GroupPrefix: policy.ipv6GroupPrefix })),
    keepsEvidence: keepsEvidence(policy),
    reads: policyHeaders(policy),
  };
}
