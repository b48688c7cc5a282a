import type { HopVerdict, PeerVerdict } from "../algorithm/observer.ts";
import type { Resolution } from "./resolution.ts";

/** One hop of the header that was read. */
export type HopExplanation = {
  readonly header: string;
  /** Counted from the right: -1 is the hop added last. */
  readonly position: number;
  /** The element as sent, escaped and shortened: safe to print. */
  readonly text: string;
  readonly ip: string | null;
  readonly port?: number;
  readonly zone?: string;
  readonly verdict: HopVerdict;
  /** What made the hop trusted: the entry of the trust list, or the index. */
  readonly rule?: string;
  /** Why the hop is no address. */
  readonly why?: string;
};

/** The peer of the connection. */
export type PeerExplanation = {
  readonly text: string | null;
  readonly ip: string | null;
  readonly verdict: PeerVerdict;
  readonly rule?: string;
};

/** The resolution with the verdict on each hop. Its resolution fields always equal what `resolve` says. */
export type Explanation = Resolution & {
  readonly peer: PeerExplanation;
  /** Right to left, as a trusted walk meets them. At most `maxHops` a header. */
  readonly hops: readonly HopExplanation[];
  /** How many hops further left are not listed. */
  readonly unlistedHops: number;
  /** The same in sentences for people. */
  readonly sentences: readonly string[];
};
