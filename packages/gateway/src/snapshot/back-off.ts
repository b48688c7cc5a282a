/** Waiting times between attempts, in milliseconds. */
export type BackOff = {
  /** The next one: longer than the last, and never the same for many gateways. */
  next(): number;
  /** An attempt has succeeded. */
  reset(): void;
};

/** Doubles from `minMs` to `maxMs` and takes half of that by chance, so that a fleet does not come back all at once. `random` is from 0 to 1. */
export function createBackOff({ minMs, maxMs, random }: { minMs: number; maxMs: number; random: () => number }): BackOff {
  let ceiling = minMs;
  return {
    next() {
      const delay = ceiling / 2 + (ceiling / 2) * random();
      ceiling = Math.min(ceiling * 2, maxMs);
      return delay;
    },
    reset() {
      ceiling = minMs;
    },
  };
}
