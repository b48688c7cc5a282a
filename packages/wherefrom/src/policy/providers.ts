import { type Prefix, prefixOf } from "../ip/prefix.ts";
import { SPECIAL_RANGES } from "../ip/special.ts";

/** Ranges that go by a name in a trust list: `provider:NAME`. */
export type Provider = {
  /** Who says that these are the ranges. */
  readonly source: string;
  /** When they were taken from there, as a date (ISO 8601). */
  readonly retrievedAt: string;
  readonly prefixes: readonly Prefix[];
};

const CLOUDFLARE = [
  "103.21.244.0/22",
  "103.22.200.0/22",
  "103.31.4.0/22",
  "104.16.0.0/13",
  "104.24.0.0/14",
  "108.162.192.0/18",
  "131.0.72.0/22",
  "141.101.64.0/18",
  "162.158.0.0/15",
  "172.64.0.0/13",
  "173.245.48.0/20",
  "188.114.96.0/20",
  "190.93.240.0/20",
  "197.234.240.0/22",
  "198.41.128.0/17",
  "2400:cb00::/32",
  "2405:8100::/32",
  "2405:b500::/32",
  "2606:4700::/32",
  "2803:f800::/32",
  "2a06:98c0::/29",
  "2c0f:f248::/32",
];

const IANA = { source: "IANA special-purpose address registries", retrievedAt: "2026-11-23" };

/** The providers that a trust list may name. Dated data: an address that a provider took into use later is not in it. */
export const PROVIDERS: ReadonlyMap<string, Provider> = /* @__PURE__ */ new Map<string, Provider>([
  ["private", { ...IANA, prefixes: specialPrefixes("private use", "unique local") }],
  ["loopback", { ...IANA, prefixes: specialPrefixes("loopback") }],
  ["link-local", { ...IANA, prefixes: specialPrefixes("link-local") }],
  ["cloudflare", { source: "Cloudflare, IP Ranges", retrievedAt: "2026-11-23", prefixes: CLOUDFLARE.map(prefixOf) }],
  [
    "google-lb",
    {
      source: "Google Cloud, load balancing, proxy and health-check ranges",
      retrievedAt: "2026-11-23",
      prefixes: ["35.191.0.0/16", "130.211.0.0/22"].map(prefixOf),
    },
  ],
]);

function specialPrefixes(...names: readonly string[]): readonly Prefix[] {
  return SPECIAL_RANGES.filter((range) => names.includes(range.name)).map((range) => range.prefix);
}
