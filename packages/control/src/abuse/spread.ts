/** Where the middle of some numbers is, and how far from it they usually are. A few extreme ones move neither. */
export type Spread = { readonly median: number; readonly deviation: number };

/** Makes the median distance of normally distributed numbers their standard deviation. Source: Rousseeuw and Croux, 1993, section 1. */
const NORMAL_CONSISTENCY = 1.4826;

/** Median, and median distance from it (MAD) scaled to a standard deviation. Both are 0 of no numbers. */
export function spreadOf(numbers: readonly number[]): Spread {
  const median = medianOf(numbers);
  return { median, deviation: NORMAL_CONSISTENCY * medianOf(numbers.map((number) => Math.abs(number - median))) };
}

function medianOf(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort();
  const upper = sorted[sorted.length >> 1] ?? 0;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[(sorted.length >> 1) - 1] ?? 0) + upper) / 2;
}
