import type { AddressTable } from "../tally/address-table.ts";
import type { Resolved } from "../tally/figures.ts";
import { outcomeCode } from "../tally/outcome-counter.ts";
import type { PlainEvidence } from "./plain-evidence.ts";
import type { Way } from "./scan-plan.ts";
import { NO_ROW, type Verdicts } from "./verdicts.ts";

const resolved = (trust: Resolved["trust"]): number => outcomeCode({ ip: "", outcome: "resolved", trust });
const rejected = (reason: NonNullable<Resolved["reason"]>): number =>
  outcomeCode({ ip: null, outcome: "rejected", trust: "unverified", reason });

const VERIFIED = resolved("verified");
const UNVERIFIED = resolved("unverified");
const ABSENT = rejected("header-absent");
const OUT_OF_RANGE = rejected("index-out-of-range");
const PEER_UNKNOWN = rejected("peer-unknown");

export type AlternativesOptions = {
  /** How each subject finds the address. */
  readonly ways: readonly Way[];
  readonly addresses: AddressTable;
  /** Whether the walk trusts a peer that nobody knows. */
  readonly trustsUnknownPeer: boolean;
};

/**
 * Makes what judges plain evidence by all alternatives at once: they differ in which of its addresses they take. The subject of a policy of one's own is left as it is.
 *
 * Not a resolver: it is the same as one for each alternative (a test holds it to that), and only where every hop is an address.
 */
export function createAlternatives({
  ways,
  addresses,
  trustsUnknownPeer,
}: AlternativesOptions): (evidence: PlainEvidence, into: Verdicts) => void {
  const peers = subjectsOf(ways, "peer");
  const walks = subjectsOf(ways, "walk");
  const byIndex = ways.flatMap((way, subject) => (way.kind === "index" ? [{ subject, index: way.index }] : []));
  const indexed = Int32Array.from(byIndex, ({ subject }) => subject);
  const indexes = Int32Array.from(byIndex, ({ index }) => index);
  return (evidence, { rows, codes }) => {
    const { peer, hops } = evidence;
    for (let at = 0; at < peers.length; at++) {
      rows[peers[at] as number] = peer;
      codes[peers[at] as number] = peer === NO_ROW ? PEER_UNKNOWN : VERIFIED;
    }
    for (let at = 0; at < indexed.length; at++) {
      const index = indexes[at] as number;
      const place = index < 0 ? hops + index : index;
      const isThere = place >= 0 && place < hops;
      rows[indexed[at] as number] = isThere ? (evidence.rows[place] as number) : NO_ROW;
      codes[indexed[at] as number] = isThere ? UNVERIFIED : hops === 0 ? ABSENT : OUT_OF_RANGE;
    }
    if (walks.length === 0) return;
    const isTrusted = peer === NO_ROW ? trustsUnknownPeer : addresses.isTrusted(peer);
    const row = isTrusted ? walk(evidence, addresses) : peer;
    for (let at = 0; at < walks.length; at++) {
      rows[walks[at] as number] = row;
      codes[walks[at] as number] = row !== NO_ROW ? VERIFIED : isTrusted ? ABSENT : PEER_UNKNOWN;
    }
  };
}

/** The row of the first hop from the right that is not trusted, else of the leftmost; -1 without hops. */
function walk({ hops, rows }: PlainEvidence, addresses: AddressTable): number {
  if (hops === 0) return NO_ROW;
  let place = hops - 1;
  while (place > 0 && addresses.isTrusted(rows[place] as number)) place--;
  return rows[place] as number;
}

function subjectsOf(ways: readonly Way[], kind: Way["kind"]): Int32Array {
  return Int32Array.from(ways.flatMap((way, subject) => (way.kind === kind ? [subject] : [])));
}
