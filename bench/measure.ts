import { Bench } from "tinybench";

/** One program under measurement: `run` works through the whole batch and gives a number that depends on all of its answers. */
export type Subject = { readonly name: string; readonly run: () => number };

/** Subjects that do the same work. */
export type Case = {
  readonly name: string;
  /** How many calls one `run` makes. */
  readonly batch: number;
  readonly subjects: readonly Subject[];
};

/** Nanoseconds a call, the median of the rounds' medians. */
export type Row = { readonly case: string; readonly subject: string; readonly value: number; readonly unit: "ns" };

/** How long is measured. */
export type Effort = { readonly rounds: number; readonly msPerTask: number };

/** Calls as many as a median needs, however slow a subject is. */
const MIN_ITERATIONS = 5;

/**
 * Measures all subjects of all cases in one process, in rounds: each round runs every subject once, so that a machine that slows down slows all of them.
 * No assertion hangs on what comes out.
 */
export async function measure(cases: readonly Case[], effort: Effort): Promise<readonly Row[]> {
  const samples = new Map<string, number[]>();
  for (let round = 0; round < effort.rounds; round++) {
    for (const { name, batch, subjects } of cases) {
      const bench = new Bench({
        time: effort.msPerTask,
        iterations: MIN_ITERATIONS,
        warmupTime: effort.msPerTask / 4,
        warmupIterations: 2,
      });
      for (const subject of subjects)
        bench.add(subject.name, () => {
          sink += subject.run();
        });
      await bench.run();
      for (const task of bench.tasks) {
        const { result } = task;
        if (!("latency" in result)) throw new Error(`${task.name} in ${name} did not complete`);
        const key = keyOf(name, task.name);
        samples.set(key, [...(samples.get(key) ?? []), (result.latency.p50 * 1e6) / batch]);
      }
    }
  }
  return cases.flatMap(({ name, subjects }) =>
    subjects.map((subject) => ({
      case: name,
      subject: subject.name,
      value: medianOf(samples.get(keyOf(name, subject.name)) ?? []),
      unit: "ns" as const,
    })),
  );
}

/** Answers add up here, so that no compiler finds that nobody needs them. */
let sink = 0;

/** What came of the answers: to be printed somewhere, or the compiler would find out after all. */
export function sinkValue(): number {
  return sink;
}

function keyOf(caseName: string, subject: string): string {
  return `${caseName}\n${subject}`;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
