import type { HopAddress } from "../ip/read.ts";

/** From which end of a header its hops are counted. */
export type Side = "left" | "right";

/**
 * Reads the hops of one header one after another, in place, and no further than it is asked to.
 *
 * Not reentrant: one reader reads one header at a time.
 */
export type HopReader = {
  readonly side: Side;
  /** Whether `maxHeaderLength` holds for the header: for readers from the left, and for `Forwarded` from either side. */
  readonly isLengthLimited: boolean;
  /** Starts before the first hop of its side. All lines are one list, in wire order. */
  open(lines: readonly string[]): void;
  /** Moves to the next hop. On `false` there is none, and the current hop stays what it was. */
  next(): boolean;
  /** Reads the current hop as an address into `hop`. On `false` the hop is opaque. */
  read(): boolean;
  /** The address that was read last. The same object for every request. */
  readonly hop: HopAddress;
  /** Whether the current hop, which `read` found to be opaque, holds CR, LF or NUL, as far as a hop is read. */
  isMalformed(): boolean;
  /** The current hop's element as it was sent. For explanations. */
  text(): string;
  /** Why the current hop is opaque. For explanations. */
  whyOpaque(): string;
};
