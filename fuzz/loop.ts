import type { Check } from "./check-resolver.ts";
import type { Reached } from "./corpus.ts";
import type { Coverage } from "./coverage.ts";
import { bytesOf, MAX_INPUT_LENGTH, mutate, textOfBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import { faultsOf } from "./targets.ts";

/** An input that breaks an invariant, as short as it could be made. */
export type Failure = { readonly text: string; readonly faults: readonly string[] };

/** How far a run is. */
export type Progress = {
  readonly executions: number;
  readonly executionsPerSecond: number;
  readonly corpus: number;
  readonly coveredBranches: number;
  readonly branches: number;
};

/** What a run found. */
export type Found = { readonly progress: Progress; readonly reached: readonly Reached[]; readonly failure: Failure | undefined };

export type LoopOptions = {
  readonly check: Check;
  readonly coverage: Coverage;
  readonly tokens: readonly string[];
  readonly seeds: readonly string[];
  readonly random: Random;
  readonly budgetMs: number;
  /** Milliseconds, from any start. */
  readonly now: () => number;
  readonly onProgress: (progress: Progress) => void;
};

const PROGRESS_EVERY_MS = 2_000;

/** Inputs between two looks at the clock. */
const BATCH = 64;

/** Tries at the most to make a failing input shorter. */
const MAX_SHORTENING_TRIES = 20_000;

/** Runs a target on inputs until the time is over or an invariant breaks. An input that does something new is kept, and others are made from it. */
export function runLoop(options: LoopOptions): Found {
  const { check, coverage, tokens, random, now } = options;
  const started = now();
  const reached: Reached[] = [];
  const corpus: Uint8Array[] = [];
  let executions = 0;
  const progress = (): Progress => {
    const { covered, total } = coverage.branches();
    const executionsPerSecond = Math.round((executions * 1_000) / Math.max(1, now() - started));
    return { executions, executionsPerSecond, corpus: corpus.length, coveredBranches: covered, branches: total };
  };
  const failing = (bytes: Uint8Array): Failure | undefined => {
    const text = textOfBytes(bytes);
    const faults = faultsOf(check, text);
    const features = coverage.take();
    executions++;
    if (faults.length > 0) return shortened(check, { text, faults });
    if (coverage.note(features)) {
      corpus.push(bytes);
      reached.push({ text, features });
    }
    return undefined;
  };
  // What ran while the module was loaded belongs to no input.
  coverage.take();
  for (const seed of ["", ...options.seeds]) {
    const failure = failing(bytesOf(seed).subarray(0, MAX_INPUT_LENGTH));
    if (failure !== undefined) return { progress: progress(), reached, failure };
  }
  let toldAt = started;
  while (now() - started < options.budgetMs) {
    for (let tries = 0; tries < BATCH; tries++) {
      const failure = failing(mutate(shorterOfTwo(corpus, random), { random, tokens, corpus }));
      if (failure !== undefined) return { progress: progress(), reached, failure };
    }
    if (now() - toldAt < PROGRESS_EVERY_MS) continue;
    toldAt = now();
    options.onProgress(progress());
  }
  return { progress: progress(), reached, failure: undefined };
}

/** Short inputs are fast, and say as much. */
function shorterOfTwo(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const [one, other] = [random.pick(corpus), random.pick(corpus)];
  return one.length <= other.length ? one : other;
}

/** Takes parts away, large ones first, as long as any invariant is still broken. */
function shortened(check: Check, failure: Failure): Failure {
  let shortest = failure;
  let tries = 0;
  for (let length = failure.text.length; length >= 1; length = Math.floor(length / 2)) {
    for (let start = 0; start + length <= shortest.text.length && tries < MAX_SHORTENING_TRIES; tries++) {
      const text = shortest.text.slice(0, start) + shortest.text.slice(start + length);
      const faults = faultsOf(check, text);
      if (faults.length > 0) shortest = { text, faults };
      else start++;
    }
  }
  return shortest;
}
