import { type Prefix, prefixOf } from "../ip/prefix.ts";

/** Public addresses that ordinary people's requests come from, though they belong to an operator of proxies. */
export type UserEgress = { readonly prefix: Prefix; readonly name: string };

/**
 * Ranges that lists of proxies have contained by mistake. Not a list of all VPNs: it has what lies beside or within blocks that people trust as a CDN's.
 *
 * Source: the operators' own lists of proxies, which leave these ranges out (Cloudflare 104.16.0.0/13 and 104.24.0.0/14, Fastly 146.75.0.0/17), and Apple's
 * list of iCloud Private Relay egress ranges; tunnels by the RFC named.
 */
export const USER_EGRESS: readonly UserEgress[] = /* @__PURE__ */ [
  row("104.28.0.0/16", "Cloudflare WARP and iCloud Private Relay"),
  row("2a09:bac0::/29", "Cloudflare WARP"),
  row("2606:54c0::/32", "iCloud Private Relay at Cloudflare"),
  row("172.224.224.0/19", "iCloud Private Relay at Akamai"),
  row("2a02:26f7::/32", "iCloud Private Relay at Akamai"),
  row("146.75.128.0/17", "iCloud Private Relay at Fastly"),
  row("2a04:4e41::/32", "iCloud Private Relay at Fastly"),
  row("64:ff9b::/96", "NAT64, which stands for every IPv4 address (RFC 6052)"),
  row("2001::/32", "Teredo tunnels (RFC 4380)"),
  row("2002::/16", "6to4 tunnels (RFC 3056)"),
];

function row(prefix: string, name: string): UserEgress {
  return { prefix: prefixOf(prefix), name };
}
