import type { HopReader } from "../header/hop-reader.ts";

/** What the walk made of one hop. `not-reached`: the answer did not need it. */
export type HopVerdict = "client" | "trusted" | "untrusted" | "opaque" | "not-reached";

/** What the walk made of the peer. `unknown`: there is no address to judge. `not-consulted`: nothing was asked about it. */
export type PeerVerdict = "client" | "trusted" | "untrusted" | "unknown" | "not-consulted";

/**
 * Watches the one walk that both `resolve` and `explain` take. It learns what was decided and decides nothing; `resolve` has none.
 */
export type Observer = {
  /** The verdict on the peer, and what made it trusted. */
  peer(verdict: PeerVerdict, rule?: string): void;
  /** A header is about to be read. */
  header(name: string, reader: HopReader): void;
  /** A header is not read, because the peer that sent it is not trusted: whatever it says is only a claim. */
  claim(headerName: string): void;
  /** The verdict on the reader's current hop, and what made it trusted. */
  hop(verdict: HopVerdict, rule?: string): void;
  /** The readable hop judged last is the client after all. */
  lastHopIsClient(): void;
};
