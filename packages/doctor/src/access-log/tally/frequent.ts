/**
 * The commonest texts and how often each came, in bounded room: exact while there are at most `capacity` different ones, and then too small by at most `error`.
 *
 * Error: never more than the number of all that came, divided by half of `capacity`; `error` says what it came to.
 * Source: Misra and Gries, "Finding repeated elements", 1982; merging by Agarwal and others, "Mergeable summaries", 2012.
 */
export type Frequent = { readonly counts: Map<string, number>; error: number };

export function createFrequent(): Frequent {
  return { counts: new Map(), error: 0 };
}

export type Counted = { readonly text: string; readonly count: number };

export function addFrequent(frequent: Frequent, { text, count }: Counted, capacity: number): void {
  const { counts } = frequent;
  const before = counts.get(text);
  counts.set(text, (before ?? 0) + count);
  if (before === undefined && counts.size > capacity) thin(frequent, capacity >> 1);
}

/** Makes `into` count what `from` counted as well. */
export function mergeFrequent(into: Frequent, { counts, error }: Frequent, capacity: number): void {
  for (const [text, count] of counts) into.counts.set(text, (into.counts.get(text) ?? 0) + count);
  into.error += error;
  if (into.counts.size > capacity) thin(into, capacity >> 1);
}

/** The commonest, in a sure order. */
export function commonest({ counts }: Frequent, most: number): readonly Counted[] {
  return [...counts]
    .map(([text, count]) => ({ text, count }))
    .sort((first, second) => second.count - first.count || (first.text < second.text ? -1 : 1))
    .slice(0, most);
}

/** Takes from all as much as the first that has no room had; who has nothing left goes. */
function thin(frequent: Frequent, room: number): void {
  const cut =
    Float64Array.from(frequent.counts.values())
      .sort()
      .at(-room - 1) ?? 0;
  for (const [text, count] of frequent.counts) {
    if (count > cut) frequent.counts.set(text, count - cut);
    else frequent.counts.delete(text);
  }
  frequent.error += cut;
}
