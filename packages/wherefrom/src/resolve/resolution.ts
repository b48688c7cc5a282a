import type { Rejection, Trust } from "../algorithm/selection.ts";
import { formatWords } from "../ip/format.ts";
import { formatNetworkOf } from "../ip/prefix.ts";
import type { HopAddress } from "../ip/read.ts";

/** `resolved`: the configured algorithm chose. `fallback`: it rejected and the fallback chose. `rejected`: there is no address. */
export type Outcome = "resolved" | "fallback" | "rejected";

/** What the system says of one request. */
export type Resolution = {
  /** Canonical text (dotted decimal or RFC 5952); `null` exactly when `outcome` is `rejected`. */
  readonly ip: string | null;
  readonly family: 4 | 6 | null;
  /** The port that stood beside the address, where one did. Not part of the address. */
  readonly port?: number;
  readonly outcome: Outcome;
  readonly trust: Trust;
  /** Why the configured algorithm gave no address; absent when `outcome` is `resolved`. */
  readonly reason?: Rejection;
  /** The configured algorithm in Apigee's form, also on a fallback; `default` when nothing is configured. */
  readonly algorithm: string;
  /** What to rate-limit by: the address, or its network for IPv6 (`2001:db8::/64`). `null` without an address. */
  readonly key: string | null;
};

/** How an address came to be chosen. */
export type Choice = {
  readonly outcome: "resolved" | "fallback";
  readonly trust: Trust;
  readonly algorithm: string;
  readonly reason: Rejection | undefined;
};

/** The resolution for an address that was chosen. The only place where an address becomes text. */
export function resolutionOf(chosen: HopAddress, choice: Choice, ipv6GroupPrefix: number): Resolution {
  const { port } = chosen;
  const { family } = chosen.words;
  const ip = formatWords(chosen.words);
  const key = family === 4 || ipv6GroupPrefix === 128 ? ip : formatNetworkOf(chosen.words, ipv6GroupPrefix);
  const { outcome, trust, algorithm, reason } = choice;
  // Spelled out rather than spread: this is the one allocation of a request.
  if (reason !== undefined) {
    if (port !== -1) return { ip, family, port, outcome, trust, reason, algorithm, key };
    return { ip, family, outcome, trust, reason, algorithm, key };
  }
  if (port !== -1) return { ip, family, port, outcome, trust, algorithm, key };
  return { ip, family, outcome, trust, algorithm, key };
}

/** The resolution of a request that has no address. */
export function noAddress(reason: Rejection, algorithm: string): Resolution {
  return { ip: null, family: null, outcome: "rejected", trust: "unverified", reason, algorithm, key: null };
}
