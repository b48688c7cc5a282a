import type { Policy } from "wherefrom";
import type { AddressTable } from "../tally/address-table.ts";
import type { Resolved } from "../tally/figures.ts";
import { outcomeCode } from "../tally/outcome-counter.ts";
import type { PlainEvidence } from "./plain-evidence.ts";
import { NO_ROW, type Verdicts } from "./verdicts.ts";

/** What a policy makes of plain evidence. On `false` it is for a resolver to say. */
export type PlainJudge = (evidence: PlainEvidence, into: Verdicts) => boolean;

export type PlainJudgeOptions = {
  /** The header that plain evidence is read from, in lower case. */
  readonly chainHeader: string;
  readonly addresses: AddressTable;
  /** The subject whose policy it is: where its verdict goes. */
  readonly subject: number;
  /** Whether the policy's trust list has a peer, which may be one that nobody knows. */
  readonly trusts: (peer: string | undefined) => boolean;
};

/**
 * Makes what judges plain evidence by a policy: where every hop is an address, an algorithm only says which of them it takes. `undefined` for a policy whose algorithm is none of the usual ones over
 * that header.
 *
 * Not a second resolver: it says the same as one (a test holds it to that, policy by policy), and leaves all that is not plain to it.
 */
export function plainJudgeOf({ algorithm, fallback }: Policy, options: PlainJudgeOptions): PlainJudge | undefined {
  const { chainHeader, addresses, trusts } = options;
  const finishing = { ...options, fallback };
  switch (algorithm.kind) {
    case "peer-address":
      return finished(({ peer }) => (peer === NO_ROW ? PEER_UNKNOWN : peer), { ...finishing, trust: "verified" });
    case "header-index": {
      const { headerName, index, trustedPeers: gate } = algorithm;
      if (headerName.toLowerCase() !== chainHeader) return undefined;
      const byIndex: Selecting = ({ hops, rows }) => {
        const place = index < 0 ? hops + index : index;
        if (place >= 0 && place < hops) return rows[place] as number;
        return hops === 0 ? ABSENT : OUT_OF_RANGE;
      };
      if (gate === undefined) return finished(byIndex, { ...finishing, trust: "unverified" });
      const list = addresses.addTrust(gate, trusts);
      const trustsUnknown = trusts(undefined);
      const behindGate: Selecting = (evidence) => {
        if (evidence.peer === NO_ROW) return trustsUnknown ? byIndex(evidence) : PEER_UNKNOWN;
        return addresses.isTrusted(evidence.peer, list) ? byIndex(evidence) : UNTRUSTED_PEER;
      };
      return finished(behindGate, { ...finishing, trust: index < 0 ? "verified" : "unverified" });
    }
    case "trusted-proxies": {
      if (algorithm.headerName.toLowerCase() !== chainHeader) return undefined;
      const list = addresses.addTrust(algorithm.trustedProxies, trusts);
      const trustsUnknown = trusts(undefined);
      const walk: Selecting = ({ peer, hops, rows }) => {
        if (peer === NO_ROW ? !trustsUnknown : !addresses.isTrusted(peer, list)) return peer === NO_ROW ? PEER_UNKNOWN : peer;
        if (hops === 0) return ABSENT;
        let place = hops - 1;
        while (place > 0 && addresses.isTrusted(rows[place] as number, list)) place--;
        return rows[place] as number;
      };
      return finished(walk, { ...finishing, trust: "verified" });
    }
    case "single-header":
    case "first-match":
    case "default":
      return undefined;
  }
}

/** The row of the address that an algorithm takes, or one of those below. */
type Selecting = (evidence: PlainEvidence) => number;

/** Why there is none, in place of a row. */
const REASONS = ["header-absent", "index-out-of-range", "untrusted-peer", "peer-unknown"] as const;
const ABSENT = -2;
const OUT_OF_RANGE = -3;
const UNTRUSTED_PEER = -4;
const PEER_UNKNOWN = -5;

type FinishingOptions = Pick<PlainJudgeOptions, "subject"> & Pick<Policy, "fallback"> & { readonly trust: Resolved["trust"] };

/** Makes a verdict of what an algorithm takes, and of what stands in where it takes nothing. */
function finished(select: Selecting, { subject, fallback, trust }: FinishingOptions): PlainJudge {
  const resolved = outcomeCode({ ip: "", outcome: "resolved", trust });
  const rejected = REASONS.map((reason) => outcomeCode({ ip: null, outcome: "rejected", trust: "unverified", reason }));
  const byPeer = REASONS.map((reason) =>
    outcomeCode({ ip: "", outcome: "fallback", trust: reason === "untrusted-peer" ? "verified" : "unverified", reason }),
  );
  return (evidence, { rows, codes }) => {
    const row = select(evidence);
    if (row >= 0) {
      rows[subject] = row;
      codes[subject] = resolved;
      return true;
    }
    // the default algorithm looks at more than where an address stands
    if (fallback === "DEFAULT") return false;
    const isPeer = fallback === "PEER" && evidence.peer !== NO_ROW;
    rows[subject] = isPeer ? evidence.peer : NO_ROW;
    codes[subject] = (isPeer ? byPeer : rejected)[ABSENT - row] as number;
    return true;
  };
}
