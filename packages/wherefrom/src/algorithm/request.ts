import type { Evidence } from "../header/evidence.ts";
import { createHopWords, type HopWords, readHop } from "../ip/read.ts";

/** The transport peer of one request as the algorithms see it. */
export type Peer = {
  /** `address`: in `words`. `absent`: there is none to know (unix socket). `unreadable`: a text that is no address, so nobody. */
  kind: "address" | "absent" | "unreadable";
  readonly words: HopWords;
};

/** One request while it is resolved. Reused from request to request. */
export type Request = {
  evidence: Evidence;
  readonly peer: Peer;
  /** The address that was selected: the peer's words or those of a reader. Valid after a selection. */
  chosen: HopWords;
};

const NO_EVIDENCE: Evidence = { peer: undefined, lines: () => [] };

/** A request to be read into. */
export function createRequest(): Request {
  const words = createHopWords();
  return { evidence: NO_EVIDENCE, peer: { kind: "absent", words }, chosen: words };
}

/** Takes up the evidence of a request and reads its peer. */
export function readRequest(evidence: Evidence, into: Request): void {
  into.evidence = evidence;
  const text = evidence.peer;
  if (text === undefined) {
    into.peer.kind = "absent";
    return;
  }
  into.peer.kind = readHop(text, 0, text.length, into.peer.words) ? "address" : "unreadable";
  // A port beside the peer is the peer's own, not one that a header named.
  into.peer.words.port = -1;
}
