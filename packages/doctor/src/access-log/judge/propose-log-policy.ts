import { LOG_LIMITS } from "../limits.ts";
import { localShare, MIN_LINES, NEARLY_ALL, peersIn, topShare } from "./log-finding.ts";
import { type LogSummary, type Outcome, share } from "./log-summary.ts";
import { indexId } from "./subjects.ts";

/** A policy that fits a log, and what it was seen to make of it. */
export type LogProposal = {
  /** A `clientIpResolutionConfig`. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Lines that it gives an address for, without a fallback, of all. */
  readonly resolved: number;
  readonly lines: number;
  /** Different addresses that it gives, and how far off that number is, as an outcome has them; share of lines whose address is local. */
  readonly distinct: number;
  readonly distinctError: number;
  readonly local: number;
  /** Hops of the path that every line has, to the left of which stands what a client wrote; 0 where the peer is the client. */
  readonly hops: number;
};

/** Why a log does not say which policy would fit. */
export type NoLogPolicyReason =
  /** There are too few lines. */
  | "too-few-lines"
  /** The log has no forwarding header, and the peers are not the clients. */
  | "no-header-logged"
  /** Lines differ in how many hops they have at least. */
  | "not-stable"
  /** What the path wrote is one address, or local ones: a hop before it hides the clients. */
  | "client-hidden"
  /** There are more hops than were tried. */
  | "too-deep"
  /** Too many peers wrote the header to name them. */
  | "too-many-peers";

export type LogPolicy =
  | { readonly kind: "proposed"; readonly proposals: readonly LogProposal[] }
  | { readonly kind: "none"; readonly why: NoLogPolicyReason };

/** Share of lines that may have fewer hops than the path writes: health checks, and who comes past it. */
const MAX_SHORT = 0.01;

/**
 * Proposes a policy by what a log shows. It is weaker than a probe's: a log does not show who wrote which hop, so each proposal is for a person to confirm.
 *
 * Not where the number of hops varies at its lower end: then the path is not the same for all.
 */
export function proposeLogPolicy(
  summary: LogSummary,
  { logged, chainHeader, depth }: { readonly logged: readonly string[]; readonly chainHeader: string; readonly depth: number },
): LogPolicy {
  const { whole } = summary;
  const { traffic, outcomes } = whole;
  if (traffic.lines < MIN_LINES) return none("too-few-lines");
  const peers = peersIn(whole);
  const without = share(traffic.hops[0], traffic.lines);
  const hasChains = logged.includes(chainHeader) && without < NEARLY_ALL;
  if (!hasChains) {
    if (localShare(peers) < MAX_SHORT && topShare(peers) < NEARLY_ALL && peers.distinct >= MIN_LINES)
      return { kind: "proposed", proposals: [proposalOf(peers, { policy: { peerAddressAlgorithm: {} }, hops: 0 })] };
    return none(logged.includes(chainHeader) ? "client-hidden" : "no-header-logged");
  }
  const hops = fewestHops(traffic.hops, traffic.lines);
  if (hops === 0) return none("not-stable");
  if (hops > depth) return none("too-deep");
  const chosen = outcomes.find(({ id }) => id === indexId(-hops));
  if (chosen === undefined || chosen.distinct < 2 || topShare(chosen) >= NEARLY_ALL || localShare(chosen) >= NEARLY_ALL)
    return none("client-hidden");
  // more than are told are a pool, and its networks are for its owner to know
  if (peers.distinct > peers.top.length || peers.top.length === 0) return none("too-many-peers");
  const trustedPeers = peers.top.map(({ text }) => text).toSorted();
  const byIndex = { headerIndexAlgorithm: { ipHeaderName: titled(chainHeader), ipHeaderIndex: -hops, trustedPeers } };
  return { kind: "proposed", proposals: [proposalOf(chosen, { policy: byIndex, hops })] };
}

function none(why: NoLogPolicyReason): LogPolicy {
  return { kind: "none", why };
}

/** The number of hops that nearly every line has at least; 0 when many lines have none. */
function fewestHops(hops: readonly number[], lines: number): number {
  let below = 0;
  for (let count = 0; count <= LOG_LIMITS.maxCountedHops; count++) {
    below += hops[count] ?? 0;
    if (share(below, lines) > MAX_SHORT) return count;
  }
  return 0;
}

function proposalOf(outcome: Outcome, { policy, hops }: Pick<LogProposal, "policy" | "hops">): LogProposal {
  const { lines, distinct, distinctError, outcomes } = outcome;
  return { policy, hops, lines, distinct, distinctError, resolved: outcomes["resolved"] ?? 0, local: localShare(outcome) };
}

function titled(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
