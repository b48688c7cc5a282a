import { Bench } from "tinybench";
import { CALL_BENCHES, type CallBench } from "./call-benches.ts";

/** What one round of a case came to. */
export type RoundAnswer = {
  /** Of each subject, in nanoseconds a call. */
  readonly medians: readonly (readonly [subject: string, ns: number])[];
  /** What came of all answers so far: sent so that no compiler finds that nobody needs them. */
  readonly sum: number;
};

/** What a round spends on each subject. */
export type TaskEffort = {
  readonly ms: number;
  /** At least, however slow a subject is: as many as a median needs. */
  readonly iterations: number;
  readonly warmUpIterations: number;
};

// The process of one case: node measure-case.js BENCH CASE SUBJECT... Each message with an effort asks for a round.
const [bench, caseName, ...names] = process.argv.slice(2);
const cases = await CALL_BENCHES[bench as CallBench]();
const { batch, subjects } = cases.find(({ name }) => name === caseName) as (typeof cases)[number];
const opened = subjects.filter(({ name }) => names.includes(name)).map(({ name, open }) => ({ name, run: open() }));
let sum = 0;

process.on("message", async (effort: TaskEffort) => process.send?.(await measureRound(effort)));

/** Each subject once, after its warm-up. */
async function measureRound({ ms, iterations, warmUpIterations }: TaskEffort): Promise<RoundAnswer> {
  const round = new Bench({ time: ms, iterations, warmupTime: ms / 4, warmupIterations: warmUpIterations });
  for (const { name, run } of opened)
    round.add(name, () => {
      sum += run();
    });
  await round.run();
  const medians = round.tasks.map(({ name, result }) => {
    if (!("latency" in result)) throw new Error(`${name} in ${caseName} did not complete`);
    return [name, (result.latency.p50 * 1e6) / batch] as const;
  });
  return { medians, sum };
}
