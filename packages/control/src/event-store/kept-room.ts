/** What all events of a store took, and what was deleted of them. */
export type KeptRoom = {
  /** On the disk, before anything was deleted. */
  readonly bytes: number;
  readonly deleted: number;
  /** Those of exchanges that began up to then, in milliseconds since 1970; `undefined` when none had to go. */
  readonly until: number | undefined;
};

/** How full the bound is afterwards, so that events go in steps and not with each look. */
const FULL = 0.95;

/**
 * The share of the events, the oldest, that has to go for the rest to fit; 0 when all do. Pure: an event is taken to be as large as another.
 *
 * Unit: bytes.
 */
export function shareToDelete(bytes: number, maxBytes: number): number {
  return bytes <= maxBytes ? 0 : 1 - (FULL * maxBytes) / bytes;
}
