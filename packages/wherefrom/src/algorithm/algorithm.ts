import type { HopReader } from "../header/hop-reader.ts";
import type { Observer } from "./observer.ts";
import type { Peer, Request } from "./request.ts";
import { rejected, type Selection } from "./selection.ts";
import { type TrustList, trustRuleOfPeer, trustsPeer } from "./trust-list.ts";

/** One way to select the client's address, ready to run. */
export type Algorithm = {
  /** Its text in Apigee's form. */
  readonly name: string;
  /** Whether a request of this peer is for this algorithm to decide, when it stands among several entrances. */
  admits(peer: Peer): boolean;
  /** Selects an address, or says why there is none. Never throws on anything a client can send. */
  select(request: Request, observer: Observer | undefined): Selection;
};

/** Asks the peer gate of a header: what the peer sent counts only if the list trusts it. `undefined` when the peer may pass. */
export function refuseAtGate(gate: TrustList, peer: Peer, observer: Observer | undefined): Selection | undefined {
  if (trustsPeer(gate, peer)) {
    if (observer !== undefined) observer.peer("trusted", trustRuleOfPeer(gate, peer));
    return undefined;
  }
  observer?.peer(peer.kind === "address" ? "untrusted" : "unknown");
  return rejected(peer.kind === "address" ? "untrusted-peer" : "peer-unknown");
}

/** Takes the peer as the client. `false` when it has no address: then nothing is chosen. */
export function choosePeer(request: Request, observer: Observer | undefined): boolean {
  const isAddress = request.peer.kind === "address";
  observer?.peer(isAddress ? "client" : "unknown");
  if (isAddress) request.chosen = request.peer.address;
  return isAddress;
}

/** The rejection for an opaque hop that the answer stands on. */
export function rejectOpaque(reader: HopReader): Selection {
  return rejected(reader.isMalformed() ? "header-malformed" : "hop-not-an-address");
}

/** The rejection for a header past `maxHeaderLength`. One without any hop is absent, however much white space and commas it has. */
export function rejectTooLong(reader: HopReader): Selection {
  return rejected(reader.next() ? "header-too-long" : "header-absent");
}
