import type { Evidence } from "../header/evidence.ts";
import { createHopAddress, type HopAddress, readHop } from "../ip/read.ts";

/** The transport peer of one request as the algorithms see it. */
export type Peer = {
  /** `address`: it stands in `address`. `absent`: there is none to know (unix socket). `unreadable`: a text that is no address, so nobody. */
  kind: "address" | "absent" | "unreadable";
  readonly address: HopAddress;
  /** What both were read from. */
  text: string | undefined;
  /** The canonical text of `address`, once somebody has asked for it. */
  ip: string | undefined;
};

/** One request while it is resolved. Reused from request to request. */
export type Request = {
  evidence: Evidence;
  readonly peer: Peer;
  /** The address that was selected: the peer's or that of a reader. Valid after a selection. */
  chosen: HopAddress;
};

const NO_EVIDENCE: Evidence = { peer: undefined, lines: () => [] };

/** A request to be read into. */
export function createRequest(): Request {
  const address = createHopAddress();
  return { evidence: NO_EVIDENCE, peer: { kind: "absent", address, text: undefined, ip: undefined }, chosen: address };
}

/** Takes up the evidence of a request and reads its peer. */
export function readRequest(evidence: Evidence, into: Request): void {
  into.evidence = evidence;
  const text = evidence.peer;
  // The requests of one connection, and mostly those of one proxy, come in a row.
  if (text === into.peer.text) return;
  into.peer.text = text;
  into.peer.ip = undefined;
  if (text === undefined) {
    into.peer.kind = "absent";
    return;
  }
  into.peer.kind = readHop(text, 0, text.length, into.peer.address) ? "address" : "unreadable";
  // A port beside the peer is the peer's own, not one that a header named.
  into.peer.address.port = -1;
}
