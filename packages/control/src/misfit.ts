/** A sign that a policy does not fit its traffic. */
export type FitFinding = {
  readonly kind: /** The algorithm had no address, and a fallback was taken that leaves it in doubt. */
    | "fallbacks"
    /** Requests were rejected for want of an address. */
    | "no-address"
    /** Addresses that no client on the internet has are the rule. */
    | "private-results"
    /** Addresses that a provider's proxies have, and no client. */
    | "provider-results"
    /** The header has fewer hops than the index counts. */
    | "short-chains"
    /** It has more hops than the index counts, in nearly every request: the path writes them, and the index takes a proxy's address for the client's. */
    | "long-chains"
    /** WebSocket handshakes come out otherwise than the other requests of the same API. */
    | "websocket-differs"
    /** Most requests are from one address, and by several user agents. */
    | "one-address";
  /** Share of requests that it is about, from 0 to 1; of the chains, of those that have the header. */
  readonly share: number;
  /** Of the chains: which entrance counts them, by its name in events, where the policy has several. */
  readonly algorithm?: string | undefined;
  /** The same by the reason why the algorithm had no address, the greatest first; of `fallbacks` and `no-address`. */
  readonly reasons?: Readonly<Record<string, number>> | undefined;
};

/** Whether a policy fits: `unknown` when there are too few requests to say. */
export type Fit =
  | { readonly kind: "unknown" }
  | { readonly kind: "fits" }
  | { readonly kind: "misfits"; readonly findings: readonly FitFinding[] };

/** What speaks against a policy, and what may be behind it. */
export type Misfit = {
  /** The newest revision whose traffic it was seen in. */
  readonly revision: number;
  readonly findings: readonly FitFinding[];
  /** As the diagnosis names them, the likeliest first. */
  readonly causes: readonly string[];
  /** Whether the first could still be another. */
  readonly undecided: boolean;
  /** A `clientIpResolutionConfig` that fits what was seen, for a probe to confirm. Absent where the traffic does not say. */
  readonly proposal?: Readonly<Record<string, unknown>> | undefined;
};

/** A misfit that is not over. It tells what the last look saw that saw any. */
export type OpenMisfit = Misfit & {
  /** When the first look saw it, in milliseconds since 1970. */
  readonly since: number;
};
