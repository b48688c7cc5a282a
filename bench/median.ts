/** The value in the middle, or between the two in the middle; `NaN` of none. */
export function medianOf(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** The value below which so many percent of them lie; `NaN` of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = ascending(values);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** Where the median of all lies that there could have been, with at least the confidence that was asked for. */
export type MedianInterval = { readonly median: number; readonly from: number; readonly to: number };

/** At most how often the interval may be on either wrong side: 95 % of all intervals hold the median. */
const MISS = 0.025;

/**
 * The median with its 95 % confidence interval, by ranks: it asks nothing of how the values are spread. Of fewer than six values it is the least and the
 * greatest, which are less sure.
 *
 * Source: the sign test; W. J. Conover, "Practical Nonparametric Statistics", confidence interval for a quantile.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = ascending(values);
  const { length } = sorted;
  // Of the values that there could have been each is below the median with a chance of one half.
  let rank = 0;
  let chance = 0.5 ** length;
  for (let fewer = chance; fewer <= MISS; fewer += chance) {
    rank += 1;
    chance *= (length - rank + 1) / rank;
  }
  const outside = Math.max(rank - 1, 0);
  return { median: medianOf(sorted), from: sorted[outside] ?? Number.NaN, to: sorted[length - 1 - outside] ?? Number.NaN };
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((left, right) => left - right);
}
