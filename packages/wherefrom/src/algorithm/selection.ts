/**
 * Why an algorithm gives no address. The set is closed and its members are stable: they reach configuration, logs and
 * the API as they stand here.
 */
export type Rejection =
  | "header-absent"
  | "index-out-of-range"
  | "hop-not-an-address"
  | "untrusted-peer"
  | "peer-unknown"
  | "header-repeated"
  | "too-many-hops"
  | "header-too-long"
  | "header-malformed"
  | "no-entrance-matched";

/**
 * How far the address may be relied upon. `verified` only when every step from the peer to the hop was a configured
 * trust decision. Automatic bans act on verified addresses only.
 */
export type Trust = "verified" | "unverified";

/** What an algorithm says of one request. The address that was selected stands in the request's `chosen`. */
export type Selection = { readonly kind: "selected"; readonly trust: Trust } | { readonly kind: "rejected"; readonly reason: Rejection };

/** Made once: a request allocates nothing but its resolution. */
export const SELECTED_VERIFIED: Selection = { kind: "selected", trust: "verified" };
export const SELECTED_UNVERIFIED: Selection = { kind: "selected", trust: "unverified" };

const REJECTIONS: Readonly<Record<Rejection, Selection>> = {
  "header-absent": { kind: "rejected", reason: "header-absent" },
  "index-out-of-range": { kind: "rejected", reason: "index-out-of-range" },
  "hop-not-an-address": { kind: "rejected", reason: "hop-not-an-address" },
  "untrusted-peer": { kind: "rejected", reason: "untrusted-peer" },
  "peer-unknown": { kind: "rejected", reason: "peer-unknown" },
  "header-repeated": { kind: "rejected", reason: "header-repeated" },
  "too-many-hops": { kind: "rejected", reason: "too-many-hops" },
  "header-too-long": { kind: "rejected", reason: "header-too-long" },
  "header-malformed": { kind: "rejected", reason: "header-malformed" },
  "no-entrance-matched": { kind: "rejected", reason: "no-entrance-matched" },
};

/** The rejection for a reason. */
export function rejected(reason: Rejection): Selection {
  return REJECTIONS[reason];
}
