import { LimitError } from "./errors.ts";

/** What a resolver reads at the most. Past a limit there is a rejection, never a guess. */
export type Limits = {
  /** Hops examined in one header. A header may have more: those that the answer does not need are not read. */
  readonly maxHops: number;
  /** Characters of all lines of a header together, for readers that start at the left and for `Forwarded`. */
  readonly maxHeaderLength: number;
};

export const DEFAULT_LIMITS: Limits = { maxHops: 64, maxHeaderLength: 16_384 };

/** How far a limit may be raised. */
export const HARD_LIMITS: Limits = { maxHops: 1_024, maxHeaderLength: 262_144 };

/** The limits with defaults filled in. Throws `LimitError` for one that is no integer of 1 to its hard cap. */
export function limitsWith(wanted: Partial<Limits> = {}): Limits {
  return {
    maxHops: checkedLimit("maxHops", wanted.maxHops),
    maxHeaderLength: checkedLimit("maxHeaderLength", wanted.maxHeaderLength),
  };
}

function checkedLimit(name: keyof Limits, value: number = DEFAULT_LIMITS[name]): number {
  if (Number.isInteger(value) && value >= 1 && value <= HARD_LIMITS[name]) return value;
  throw new LimitError(`${name}: Expected an integer from 1 to ${HARD_LIMITS[name]}, received ${value}`);
}

/** Characters of all lines together. */
export function totalLength(lines: readonly string[]): number {
  let length = 0;
  for (const line of lines) length += line.length;
  return length;
}
