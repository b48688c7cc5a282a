/**
 * Addresses that a probe claims to come from. They are of the documentation ranges (RFC 5737, RFC 3849), so no client has them and none of them can be believed by accident; each
 * stands for one header and one place in it, so that what arrives tells which of them was taken over.
 */
export const CANARIES = {
  single: "192.0.2.123",
  first: "192.0.2.11",
  second: "192.0.2.12",
  firstLine: "192.0.2.21",
  secondLine: "192.0.2.22",
  alias: "192.0.2.41",
  hopByHop: "192.0.2.51",
  reusedFirst: "192.0.2.61",
  reusedSecond: "192.0.2.62",
  v6: "2001:db8::c0a7",
} as const;

/** A name that some servers take for X-Forwarded-For. */
export const ALIAS = "X_Forwarded_For";

/** Headers with one address that systems believe, and the canary of each. */
export const SINGLE_HEADERS: readonly { readonly name: string; readonly value: string; readonly canary: string }[] = [
  { name: "X-Real-IP", value: "192.0.2.71", canary: "192.0.2.71" },
  { name: "Forwarded", value: "for=192.0.2.72", canary: "192.0.2.72" },
  { name: "CF-Connecting-IP", value: "192.0.2.73", canary: "192.0.2.73" },
  { name: "True-Client-IP", value: "192.0.2.74", canary: "192.0.2.74" },
  { name: "Fastly-Client-IP", value: "192.0.2.75", canary: "192.0.2.75" },
  { name: "X-Client-IP", value: "192.0.2.76", canary: "192.0.2.76" },
  { name: "X-Cluster-Client-IP", value: "192.0.2.77", canary: "192.0.2.77" },
  { name: "X-Envoy-External-Address", value: "192.0.2.78", canary: "192.0.2.78" },
];

/** Whether an address is one that a probe made up. */
export function isCanary(address: string): boolean {
  return Object.values<string>(CANARIES).includes(address) || SINGLE_HEADERS.some(({ canary }) => canary === address);
}
