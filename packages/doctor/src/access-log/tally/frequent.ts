/**
 * The commonest texts and how often each came, in bounded room: exact while there are at most `capacity` different ones, and then too small by at most `error`. Plain data that adds up.
 *
 * Error: never more than the number of all that came, divided by half of `capacity`; `error` says what it came to.
 * Source: Misra and Gries, "Finding repeated elements", 1982; merging by Agarwal and others, "Mergeable summaries", 2012.
 */
export type Frequent = { readonly counts: Map<string, number>; error: number };

export function createFrequent(): Frequent {
  return { counts: new Map(), error: 0 };
}

export type Counted = { readonly text: string; readonly count: number };

/** Makes `into` count what `from` counted as well. */
export function mergeFrequent(into: Frequent, { counts, error }: Frequent, capacity: number): void {
  for (const [text, count] of counts) into.counts.set(text, (into.counts.get(text) ?? 0) + count);
  into.error += error;
  if (into.counts.size <= capacity) return;
  const cut = cutOf(Float64Array.from(into.counts.values()), roomOf(capacity));
  for (const [text, count] of into.counts) {
    if (count > cut) into.counts.set(text, count - cut);
    else into.counts.delete(text);
  }
  into.error += cut;
}

/** How many texts are left of more than `capacity`. */
export function roomOf(capacity: number): number {
  return capacity >> 1;
}

/** What is taken from all counts so that at most `room` are left: as much as the first had that has no room. Counts are whole, and more than none. */
export function cutOf(counts: Float64Array, room: number): number {
  const small = new Uint32Array(SMALL);
  for (const count of counts) {
    const at = Math.min(count, SMALL - 1);
    small[at] = (small[at] as number) + 1;
  }
  let larger = 0;
  for (let count = SMALL - 1; count > 0; count--) {
    larger += small[count] as number;
    if (larger > room) return count < SMALL - 1 ? count : (counts.toSorted().at(-room - 1) as number);
  }
  return 0;
}

/** Counts below this are told apart without being sorted, and nearly all are. */
const SMALL = 256;

/** The commonest, in a sure order. */
export function commonest({ counts }: Frequent, most: number): readonly Counted[] {
  const tops: Counted[] = [];
  let least = 0;
  for (const [text, count] of counts) {
    if (tops.length === most && count < least) continue;
    tops.push({ text, count });
    tops.sort((first, second) => second.count - first.count || (first.text < second.text ? -1 : 1));
    if (tops.length > most) tops.pop();
    least = tops.at(-1)?.count ?? 0;
  }
  return tops;
}
