import type { Advisory, Severity } from "./advisory.ts";
import type { AdvisoryCode } from "./advisory-code.ts";

type Text = { readonly severity: Severity; readonly why: string; readonly fix: string };

const TEXTS: Readonly<Record<AdvisoryCode, Text>> = {
  ADVISORY_NOTHING_CONFIGURED: {
    severity: "warning",
    why: "The leftmost hop that is not local is whatever a client wrote there, so the answer is never verified.",
    fix: "Name the proxies in trustedProxiesAlgorithm, or say peerAddressAlgorithm where clients connect directly.",
  },
  ADVISORY_INDEX_WITHOUT_PEER_GATE: {
    severity: "error",
    why: "A proxy appends on the right, so hops counted from the left are the client's own text, and here anybody may send the header.",
    fix: "Count from the right (-1 for one proxy) and name the proxies in trustedPeers, or use trustedProxiesAlgorithm.",
  },
  ADVISORY_INDEX_FROM_LEFT: {
    severity: "warning",
    why: "The peer gate proves who sent the header, not who wrote its left end: a client that sends the header itself moves its own text to this index.",
    fix: "Count from the right, or make the outermost proxy replace the header instead of appending to it.",
  },
  ADVISORY_INDEX_UNVERIFIED: {
    severity: "note",
    why: "Whoever reaches the service past the proxies writes the whole header, so the answer stays unverified and no automatic ban acts on it.",
    fix: "Name the proxies in trustedPeers beside the index.",
  },
  ADVISORY_INDEX_BEYOND_LIMIT: {
    severity: "error",
    why: "No more hops than maxHops are examined, so this index is never reached and every request is answered by the fallback.",
    fix: "Use an index within maxHops, or raise maxHops.",
  },
  ADVISORY_FALLBACK_FORCEABLE: {
    severity: "warning",
    why: "A client can make the algorithm reject, and DEFAULT then takes the leftmost hop of X-Forwarded-For, which the client wrote.",
    fix: "Set fallback to PEER or REJECT.",
  },
  ADVISORY_TRUSTS_EVERYONE: {
    severity: "error",
    why: "Every address on the internet is a trusted proxy, so any client names its own address, and the answer is called verified.",
    fix: "List the networks of the proxies, and take allowTrustEveryone away.",
  },
  ADVISORY_PERMISSION_UNUSED: {
    severity: "note",
    why: "Nothing in the list needs it, and it lets a later /0 pass unseen.",
    fix: "Take allowTrustEveryone away.",
  },
  ADVISORY_TRUST_TOO_WIDE: {
    severity: "error",
    why: "No one operator has that much public address space, so clients have addresses in it and are believed as proxies.",
    fix: "List the networks of the proxies themselves.",
  },
  ADVISORY_TRUSTS_USER_EGRESS: {
    severity: "error",
    why: "Ordinary people send requests from these addresses, so a client behind them is believed as a proxy and names any address it likes.",
    fix: "List the ranges that the operator publishes for its proxies, provider:NAME where there is one, and not the block round them.",
  },
  ADVISORY_TRUSTS_CARRIER_NAT: {
    severity: "warning",
    why: "100.64.0.0/10 is between a carrier and its customers (RFC 6598), and overlay networks hand out the same addresses to users' devices.",
    fix: "List the addresses of the proxies in it, one by one or by their subnet.",
  },
  ADVISORY_TRUSTS_SHARED_NETWORK: {
    severity: "note",
    why: "Others than your proxies send from there: neighbours on a shared private network, or other customers of the same CDN.",
    fix: "List the subnet of your proxies; with a CDN, also demand its client certificate or a secret header at the entrance.",
  },
  ADVISORY_TRUST_NEVER_MATCHES: {
    severity: "warning",
    why: "No connection comes from such an address and no hop is read as one, so the entry does nothing and the proxy that was meant is not trusted.",
    fix: "Write the address that the proxy connects from.",
  },
  ADVISORY_TRUST_COVERED: {
    severity: "note",
    why: "It changes nothing, and who removes it later believes to have withdrawn a trust that still stands.",
    fix: "Remove the entry, or the wider one if that was not meant.",
  },
  ADVISORY_UNIX_WITH_TCP: {
    severity: "note",
    why: "One list then vouches for two ways in: whoever may open the socket file is trusted like a proxy on the network.",
    fix: "Give each way in its own entrance in firstMatchAlgorithm, or make sure that only the proxy may open the socket.",
  },
  ADVISORY_RANGES_STALE: {
    severity: "warning",
    why: "A new proxy of the provider is not trusted and becomes the client; an address it gave up may belong to anybody.",
    fix: "Update the ranges, or update wherefrom.",
  },
  ADVISORY_SINGLE_HEADER_PEERS_WIDE: {
    severity: "warning",
    why: "One header from one of these peers is the whole proof. A range of this size has other hosts in it, and each of them may name any client.",
    fix: "List the addresses of the edge that overwrites the header.",
  },
  ADVISORY_SINGLE_HEADER_FOREIGN_PEER: {
    severity: "warning",
    why: "Only its own edge overwrites this header. Any other peer passes on what a client sent.",
    fix: "Trust the provider's ranges only, or make the proxy between drop the header from everybody else.",
  },
  ADVISORY_SINGLE_HEADER_NOT_OVERWRITTEN: {
    severity: "note",
    why: "Edges do not overwrite this header unless they are told to: a client's own line then passes, or stands beside the edge's and makes the header useless.",
    fix: "Make the edge set the header on every request, or read X-Forwarded-For with trustedProxiesAlgorithm.",
  },
  ADVISORY_PORT_AMBIGUOUS: {
    severity: "error",
    why: "This header holds an IPv6 address and a port without brackets round the address. Where the port is read as a group, that is another address, in a network that the client has a hand in.",
    fix: "Read X-Forwarded-For with trustedProxiesAlgorithm and provider:cloudfront.",
  },
  ADVISORY_CHAIN_HEADERS_BOTH_TRUSTED: {
    severity: "warning",
    why: "A proxy that writes one of them passes the other on as the client sent it, so a client who reaches the other entrance chooses its address.",
    fix: "Read one of the two everywhere, and make every proxy drop the other.",
  },
  ADVISORY_CHAIN_HEADERS_BOTH_EMITTED: {
    severity: "note",
    why: "Software behind may prefer either; where only one of them is kept true on the way, the other is a client's claim.",
    fix: "Send one of the two, or be sure that every proxy after this one replaces both.",
  },
  ADVISORY_ENTRANCE_UNREACHABLE: {
    severity: "error",
    why: "The first entrance whose gate matches decides, and an entrance before this one matches all of its peers.",
    fix: "Put narrower gates first, and an entrance without a gate last.",
  },
  ADVISORY_GROUP_PREFIX_NARROW: {
    severity: "warning",
    why: "One subscriber has at least a /64 (RFC 6177, RFC 7421), so who sends from a new address each time has a new key each time and no limit holds.",
    fix: "Leave ipv6GroupPrefix at 64, or choose less.",
  },
  ADVISORY_SUPPRESSION_EXPIRED: {
    severity: "warning",
    why: "It hides nothing any more. What was accepted for a time is to be looked at again.",
    fix: "Mend what it was for, or give it a new day and a reason.",
  },
  ADVISORY_SUPPRESSION_UNUSED: {
    severity: "note",
    why: "Nothing in the policy is what it is for, and it would hide the next thing that is.",
    fix: "Remove it.",
  },
  ADVISORY_SUPPRESSION_INVALID: {
    severity: "error",
    why: "It hides nothing: its code is none of ours, its day is no day, or it gives no reason.",
    fix: 'Write {"code": "ADVISORY_...", "reason": "...", "until": "YYYY-MM-DD"}, with "pointer" for one place only.',
  },
};

/** Whether a text is the code of an advisory. */
export function isAdvisoryCode(code: string): code is AdvisoryCode {
  return Object.hasOwn(TEXTS, code);
}

/** All codes, in the order in which they are documented. */
export const ADVISORY_CODES: readonly AdvisoryCode[] = /* @__PURE__ */ (() => Object.keys(TEXTS) as AdvisoryCode[])();

/** Makes an advisory; its severity, reason and way out follow from its code. */
export function advisoryOf(code: AdvisoryCode, at: { readonly pointer: string; readonly summary: string }): Advisory {
  const { severity, why, fix } = TEXTS[code];
  return { code, severity, pointer: at.pointer, summary: at.summary, why, fix };
}
