import type { TrustList } from "./trust-list.ts";

/** A configured algorithm that may also stand inside a `first-match`. Valid by construction: the policy parser makes it. */
export type EntranceConfiguration =
  | {
      readonly kind: "header-index";
      readonly headerName: string;
      /** Counts hops, opaque ones included: 0 is the leftmost, -1 the rightmost. */
      readonly index: number;
      readonly trustedPeers: TrustList | undefined;
    }
  | { readonly kind: "trusted-proxies"; readonly headerName: string; readonly trustedProxies: TrustList }
  | { readonly kind: "single-header"; readonly headerName: string; readonly trustedPeers: TrustList }
  | { readonly kind: "peer-address" };

/** Any configured algorithm. `default` is what runs when nothing is configured. */
export type AlgorithmConfiguration =
  | EntranceConfiguration
  | { readonly kind: "first-match"; readonly algorithms: readonly EntranceConfiguration[] }
  | { readonly kind: "default" };
