import { createResolver, type Resolver, type ResolverOptions } from "../resolve/resolver.ts";
import { PolicyError, type PolicyIssue } from "./issue.ts";
import { parsePolicy } from "./parse.ts";
import type { Providers } from "./providers.ts";

/** Holds the ranges behind `provider:NAME`, and is brought up to date by somebody else: out of band, never on a request. */
export type RangesSource = {
  /** The ranges as they are known now. Cheap, and does not wait. */
  current(): Providers;
};

/** What a refresh did. `kept`: the policy is not valid with the new ranges, and the resolver goes on with the old ones. */
export type Refreshed = { readonly kind: "applied" } | { readonly kind: "kept"; readonly issues: readonly PolicyIssue[] };

/** A resolver whose named ranges can be taken anew. */
export type LiveResolver = Resolver & {
  /** Rebuilds the trust lists with the source's current ranges and swaps them at once: a request sees all of the old or all of the new. */
  refresh(): Refreshed;
};

/**
 * Builds a resolver that follows a source of ranges. The source is asked here and in `refresh`, and at no request, so a source that fails costs no answer.
 *
 * Errors: `PolicyError` and `LimitError` here; never from `refresh`, unless the source itself throws.
 */
export function createLiveResolver(policyJson: unknown, options: ResolverOptions & { readonly ranges: RangesSource }): LiveResolver {
  const build = (json: unknown) => createResolver(parsePolicy(json, { providers: options.ranges.current() }), options);
  let running = build(policyJson);
  // Kept as text: what the caller does to the object later is no change of the policy.
  const text = typeof policyJson === "string" ? policyJson : JSON.stringify(policyJson);
  return {
    resolve: (evidence) => running.resolve(evidence),
    explain: (evidence) => running.explain(evidence),
    refresh() {
      try {
        running = build(text);
        return { kind: "applied" };
      } catch (error) {
        if (error instanceof PolicyError) return { kind: "kept", issues: error.issues };
        throw error;
      }
    },
  };
}
