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

const rejections: Partial<Record<Rejection, Selection>> = {};

/** The rejection for a reason, made once too. */
export function rejected(reason: Rejection): Selection {
  rejections[reason] ??= { kind: "rejected", reason };
  return rejections[reason];
}
