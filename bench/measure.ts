import { Bench } from "tinybench";
import { type BenchOptions, pick } from "./options.ts";
import { medianOf, type Row } from "./report.ts";

/** One program under measurement: `run` works through the whole batch and gives a number that depends on all of its answers. */
export type Subject = { readonly name: string; readonly run: () => number };

/** Subjects that do the same work. */
export type Case = {
  readonly name: string;
  /** How many calls one `run` makes. */
  readonly batch: number;
  readonly subjects: readonly Subject[];
};

const EFFORT = { rounds: 7, msPerTask: 60 };
const QUICK = { rounds: 1, msPerTask: 5 };

/** Calls as many as a median needs, however slow a subject is. */
const MIN_ITERATIONS = 5;

/**
 * Measures all subjects of all cases in one process, in rounds: each round runs every subject once, so that a machine that slows down slows all of them.
 * No assertion hangs on what comes out. Each row is in nanoseconds a call, the median of the rounds' medians.
 */
export async function measureCalls(all: readonly Case[], options: BenchOptions): Promise<readonly Row[]> {
  const effort = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { rounds: options.rounds }) };
  const cases = pick(all, options.cases).map((one) => ({ ...one, subjects: pick(one.subjects, options.only) }));
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
      unit: "ns",
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
