import { type Prefix, prefixOf } from "../ip/prefix.ts";
import { SPECIAL_RANGES } from "../ip/special.ts";

/** Ranges that go by a name in a trust list: `provider:NAME`. */
export type Provider = {
  /** The page or file that says that these are the ranges. */
  readonly source: string;
  /** The day whose list it is, as a date (ISO 8601). */
  readonly retrievedAt: string;
  /** Whether a standard fixes the ranges for ever, so that they do not age. */
  readonly isFixed: boolean;
  readonly prefixes: readonly Prefix[];
};

/** Providers under the names that follow `provider:`. */
export type Providers = ReadonlyMap<string, Provider>;

const CLOUDFLARE =
  /* @__PURE__ */ prefixesOf(`103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 104.16.0.0/13 104.24.0.0/14 108.162.192.0/18 131.0.72.0/22
141.101.64.0/18 162.158.0.0/15 172.64.0.0/13 173.245.48.0/20 188.114.96.0/20 190.93.240.0/20 197.234.240.0/22
198.41.128.0/17 2400:cb00::/32 2405:8100::/32 2405:b500::/32 2606:4700::/32 2803:f800::/32 2a06:98c0::/29
2c0f:f248::/32`);

const FASTLY =
  /* @__PURE__ */ prefixesOf(`103.244.50.0/24 103.245.222.0/23 103.245.224.0/24 104.156.80.0/20 140.248.64.0/18 140.248.128.0/17 146.75.0.0/17
151.101.0.0/16 157.52.64.0/18 167.82.0.0/17 167.82.128.0/20 167.82.160.0/20 167.82.224.0/20 172.111.64.0/18
185.31.16.0/22 199.27.72.0/21 199.232.0.0/16 23.235.32.0/20 2a04:4e40::/32 2a04:4e42::/32 43.249.72.0/22`);

const GOOGLE_LB = /* @__PURE__ */ prefixesOf(`130.211.0.0/22 35.191.0.0/16`);

const IANA = { source: "https://www.iana.org/assignments/iana-ipv4-special-registry/", retrievedAt: "2026-11-23", isFixed: true };

/**
 * The providers that a trust list may name when nothing else is given. Dated data: an address that a provider took into use later is not in it.
 * CloudFront is in `ALL_PROVIDERS` only: its list is longer than all of these together.
 */
export const PROVIDERS: Providers = /* @__PURE__ */ new Map<string, Provider>([
  [
    "private",
    {
      ...IANA,
      prefixes: specialPrefixes("private use", "unique local"),
    },
  ],
  ["loopback", { ...IANA, prefixes: specialPrefixes("loopback") }],
  ["link-local", { ...IANA, prefixes: specialPrefixes("link-local") }],
  [
    "cloudflare",
    {
      source: "https://www.cloudflare.com/ips/",
      retrievedAt: "2026-10-07",
      isFixed: false,
      prefixes: CLOUDFLARE,
    },
  ],
  [
    "fastly",
    {
      source: "https://api.fastly.com/public-ip-list",
      retrievedAt: "2026-08-30",
      isFixed: false,
      prefixes: FASTLY,
    },
  ],
  [
    "google-lb",
    {
      source: "https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges",
      retrievedAt: "2026-11-22",
      isFixed: false,
      prefixes: GOOGLE_LB,
    },
  ],
]);

/** What an entry of a trust list names; `undefined` for an entry that names no provider, or none that is known. */
export function providerOf(entry: string, providers: Providers): Provider | undefined {
  return entry.startsWith(PROVIDER_MARK) ? providers.get(entry.slice(PROVIDER_MARK.length)) : undefined;
}

const PROVIDER_MARK = "provider:";

function specialPrefixes(...names: readonly string[]): readonly Prefix[] {
  return SPECIAL_RANGES.filter((range) => names.includes(range.name)).map((range) => range.prefix);
}

function prefixesOf(texts: string): readonly Prefix[] {
  return texts.split(/\s+/).map(prefixOf);
}
