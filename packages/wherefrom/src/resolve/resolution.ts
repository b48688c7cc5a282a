import type { Request } from "../algorithm/request.ts";
import type { Rejection, Trust } from "../algorithm/selection.ts";
import { formatWords } from "../ip/format.ts";
import { formatNetworkOf } from "../ip/prefix.ts";

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

/** How the address of a request came to be chosen. A reason says that it was by the fallback. */
export type Choice = { readonly trust: Trust; readonly algorithm: string; readonly reason: Rejection | undefined };

/** The resolution for the address that a request's walk chose. */
export function resolutionOf(request: Request, { trust, algorithm, reason }: Choice, ipv6GroupPrefix: number): Resolution {
  const { port, words } = request.chosen;
  const { family } = words;
  const ip = textOfChosen(request);
  const key = family === 4 || ipv6GroupPrefix === 128 ? ip : formatNetworkOf(words, ipv6GroupPrefix);
  // Spelled out rather than spread: this is the one allocation of a request.
  if (reason !== undefined) {
    if (port !== -1) return { ip, family, port, outcome: "fallback", trust, reason, algorithm, key };
    return { ip, family, outcome: "fallback", trust, reason, algorithm, key };
  }
  if (port !== -1) return { ip, family, port, outcome: "resolved", trust, algorithm, key };
  return { ip, family, outcome: "resolved", trust, algorithm, key };
}

/** The only place where an address becomes text. A peer sends many requests, so its text is made once. */
function textOfChosen({ chosen, peer }: Request): string {
  if (chosen !== peer.address) return formatWords(chosen.words);
  peer.ip ??= formatWords(chosen.words);
  return peer.ip;
}

/** The resolution of a request that has no address. */
export function noAddress(reason: Rejection, algorithm: string): Resolution {
  return { ip: null, family: null, outcome: "rejected", trust: "unverified", reason, algorithm, key: null };
}
