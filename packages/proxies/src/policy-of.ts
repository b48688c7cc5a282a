import type { ClientRule, Selection, Trust } from "./description.ts";

/** A `clientIpResolutionConfig`. */
export type PolicyConfig = Readonly<Record<string, unknown>>;

/**
 * The policy of ours that takes the same client as a rule does. `undefined` where none does: for PROXY protocol, which a listener reads and no policy, for several headers, and where nobody knows
 * whom the rule trusts. It agrees on chains of addresses; what a system makes of an element that is no address is its own.
 */
export function policyOf(rule: ClientRule): PolicyConfig | undefined {
  switch (rule.kind) {
    case "peer":
      return { peerAddressAlgorithm: {} };
    case "header": {
      const [header, ...others] = rule.headers;
      return others.length > 0 ? undefined : headerPolicy(header, rule);
    }
    case "preamble":
    case "unknown":
      return undefined;
  }
}

const EVERYONE = ["0.0.0.0/0", "::/0", "unix:"];

function headerPolicy(header: string, { selection, trust }: { selection: Selection; trust: Trust }): PolicyConfig | undefined {
  if (trust.kind === "unknown") return undefined;
  if (trust.kind === "nobody") return { peerAddressAlgorithm: {} };
  const ipHeaderName = spelled(header);
  const fallback = "PEER";
  const everyone = trust.kind === "everybody" ? { allowTrustEveryone: true } : {};
  const peers = trust.kind === "everybody" ? EVERYONE : trust.entries;
  const byIndex = (ipHeaderIndex: number): PolicyConfig => ({
    headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex, ...(trust.kind === "list" && { trustedPeers: peers }) },
    fallback,
  });
  switch (selection.kind) {
    case "first-untrusted":
      return { trustedProxiesAlgorithm: { ipHeaderName, trustedProxies: peers }, ...everyone, fallback };
    case "rightmost":
      return byIndex(-1);
    case "leftmost":
      return byIndex(0);
    case "index":
      return byIndex(selection.index);
  }
}

/** A header's name as people write it: `x-forwarded-for` is X-Forwarded-For, `x-real-ip` X-Real-IP. */
export function spelled(header: string): string {
  return header
    .split("-")
    .map((word) => (word === "ip" || word === "cf" ? word.toUpperCase() : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join("-");
}
