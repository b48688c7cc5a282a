/** The counters of one instrumented file, as istanbul keeps them: `b` a list for each branching point, `s` one for each statement. */
export type FileCounters = { readonly b: Record<number, number[]>; readonly s: Record<number, number> };

/** What an input did that no input did before. A feature is a counter together with how often it was passed, roughly. */
export type Coverage = {
  /** The features of what ran since the last call. Sets all counters back to 0. */
  take(): readonly number[];
  /** Notes features, and says whether any of them is new. */
  note(features: readonly number[]): boolean;
  branches(): { readonly covered: number; readonly total: number };
};

/** How often, roughly: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more. */
const BUCKETS = 8;

type Counter = { readonly isBranch: boolean; readonly counts: Record<number, number>; readonly key: number };

/** Watches counters. Statements are watched too: a loop has no branch of its own, and its body tells how often it went round. */
export function createCoverage(files: readonly FileCounters[]): Coverage {
  const counters = files.flatMap(countersOf);
  const seen = new Uint8Array(counters.length * BUCKETS);
  const covered = new Set<number>();
  return {
    take() {
      const features: number[] = [];
      for (let index = 0; index < counters.length; index++) {
        const { counts, key } = counters[index] as Counter;
        const count = counts[key] ?? 0;
        if (count === 0) continue;
        features.push(index * BUCKETS + bucketOf(count));
        counts[key] = 0;
      }
      return features;
    },
    note(features) {
      let isNew = false;
      for (const feature of features) {
        if (seen[feature] === 1) continue;
        seen[feature] = 1;
        isNew = true;
        const index = Math.floor(feature / BUCKETS);
        if (counters[index]?.isBranch) covered.add(index);
      }
      return isNew;
    },
    branches: () => ({ covered: covered.size, total: counters.filter((counter) => counter.isBranch).length }),
  };
}

function countersOf({ b, s }: FileCounters): readonly Counter[] {
  const branches = Object.values(b).flatMap((counts) => counts.map((_, key) => ({ isBranch: true, counts, key })));
  const statements = Object.keys(s).map((key) => ({ isBranch: false, counts: s, key: Number(key) }));
  return [...branches, ...statements];
}

function bucketOf(count: number): number {
  if (count < 4) return count - 1;
  if (count < 8) return 3;
  if (count < 16) return 4;
  if (count < 32) return 5;
  return count < 128 ? 6 : 7;
}
