import { parsePrefix, prefixesOverlap } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import type { AddressKind } from "./address-kind.ts";

/** What the fact `peer.scope` calls a kind of address. */
export const SCOPES: Readonly<Record<AddressKind, string | undefined>> = {
  loopback: "loopback",
  mesh: "mesh127",
  private: "private",
  cgnat: "cgnat",
  "link-local": "linklocal",
  // a laboratory's addresses stand for public ones
  documentation: "public",
  "class-e": "classE",
  public: "public",
  unknown: undefined,
};

/** Ranges that everybody knows: those of providers, and the defaults of runtimes on one host. */
const LOCAL_RANGES: readonly (readonly [name: string, prefix: string])[] = [
  ["docker-bridge", "172.17.0.0/16"],
  ["docker-desktop", "192.168.65.0/24"],
  ["slirp", "10.0.2.0/24"],
];
const PROVIDER_RANGES: readonly (readonly [name: string, provider: string])[] = [
  ["cloudflare", "cloudflare"],
  ["fastly", "fastly"],
  ["cloudfront", "cloudfront"],
  ["gcp-lb", "google-lb"],
];

/** Named ranges that hold an address, as the fact `peer.range` calls them. */
export function namedRanges(address: string): readonly string[] {
  const own = parsePrefix(address);
  if (own.kind !== "prefix") return [];
  const local = LOCAL_RANGES.filter(([, text]) => {
    const range = parsePrefix(text);
    return range.kind === "prefix" && prefixesOverlap(range.prefix, own.prefix);
  });
  return [...local.map(([name]) => name), ...providersOf(address)];
}

/** Providers in whose published ranges an address is: one of their proxies has it, and no client. */
export function providersOf(address: string): readonly string[] {
  const own = parsePrefix(address);
  if (own.kind !== "prefix") return [];
  const holding = PROVIDER_RANGES.filter(([, provider]) =>
    ALL_PROVIDERS.get(provider)?.prefixes.some((prefix) => prefixesOverlap(prefix, own.prefix)),
  );
  return holding.map(([name]) => name);
}
