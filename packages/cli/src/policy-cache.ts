import { createResolver, type Providers, parsePolicy, type Resolver } from "wherefrom";

/** How many compiled policies stay in memory while lines bring their own. */
const MAX_CACHED_POLICIES = 256;

/** Compiled policies by their JSON text. It holds a bounded number and forgets the one added first. */
export type PolicyCache = {
  /** Throws `PolicyError` for a policy that cannot be used; that is not remembered. */
  resolverOf(policy: unknown): Resolver;
};

/** `provider:NAME` in a policy means the ranges of `providers`. */
export function createPolicyCache(providers: Providers): PolicyCache {
  const resolvers = new Map<string, Resolver>();
  return {
    resolverOf(policy) {
      const text = JSON.stringify(policy);
      const known = resolvers.get(text);
      if (known !== undefined) return known;
      const resolver = createResolver(parsePolicy(policy, { providers }));
      forgetOldest(resolvers);
      resolvers.set(text, resolver);
      return resolver;
    },
  };
}

function forgetOldest(resolvers: Map<string, Resolver>): void {
  if (resolvers.size < MAX_CACHED_POLICIES) return;
  const [oldest] = resolvers.keys();
  if (oldest !== undefined) resolvers.delete(oldest);
}
