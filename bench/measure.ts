import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CALL_BENCHES, type CallBench } from "./call-benches.ts";
import type { Case } from "./call-case.ts";
import type { RoundAnswer, TaskEffort } from "./measure-case.ts";
import { type BenchOptions, pick } from "./options.ts";
import type { Row } from "./report.ts";
import { CannotRun } from "./traffic/session.ts";

/** Many short turns: what else the machine does then meets all subjects alike. */
const EFFORT = { forks: 4, rounds: 7, task: { ms: 20, iterations: 5, warmUpIterations: 2 } };
/** A slow subject takes a tenth of a second for one iteration. */
const QUICK = { forks: 1, rounds: 1, task: { ms: 1, iterations: 1, warmUpIterations: 0 } };

const CASE_PROCESS = fileURLToPath(new URL("./measure-case.js", import.meta.url));

/**
 * Measures all subjects of the cases of a benchmark. Each case has a process of its own, as compilers and the heap remember what ran before: a case after
 * others would be measured with their type feedback. The processes take turns in rounds, and so do the subjects of a case in its process, so that a
 * machine that slows down slows all of them. All this happens in several forks: the same case differs by some percent from process to process, by what the
 * compiler saw when, and keeps to it in all rounds of one.
 *
 * No assertion hangs on what comes out. Each row is in nanoseconds a call, the median of the quietest round: other work on the machine only ever adds, and
 * for seconds at a time, so that medians over all rounds tell two cases apart by what else ran.
 */
export async function measureCalls(bench: CallBench, options: BenchOptions): Promise<readonly Row[]> {
  const effort = { ...(options.quick ? QUICK : EFFORT), ...(options.rounds && { rounds: options.rounds }) };
  const cases = chosenOf(await CALL_BENCHES[bench](), options);
  const quietest = new Map<string, number>();
  for (let fork = 0; fork < effort.forks; fork++) await measureFork(bench, { ...effort, cases, quietest });
  return cases.flatMap(({ name, subjects }) =>
    subjects.map((subject) => ({ case: name, subject, value: quietest.get(keyOf(name, subject)) ?? Number.NaN, unit: "ns" })),
  );
}

type Fork = {
  readonly cases: readonly ChosenCase[];
  readonly rounds: number;
  readonly task: TaskEffort;
  /** Of each case and subject, in nanoseconds a call: what is lowered when a round was quieter. */
  readonly quietest: Map<string, number>;
};

async function measureFork(bench: CallBench, { cases, rounds, task, quietest }: Fork): Promise<void> {
  const processes = cases.map((one) => ({ ...one, process: openCase(bench, one) }));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { name, process } of processes) {
        const { medians } = await measureRound(process, task);
        for (const [subject, ns] of medians) {
          const key = keyOf(name, subject);
          quietest.set(key, Math.min(ns, quietest.get(key) ?? ns));
        }
      }
    }
  } finally {
    for (const { process } of processes) process.disconnect();
  }
}

type ChosenCase = { readonly name: string; readonly subjects: readonly string[] };

/** What was asked for. Not every case has every subject; a name that none of them has is a fault. */
function chosenOf(all: readonly Case[], { cases: names, only }: BenchOptions): readonly ChosenCase[] {
  const cases = pick(all, names);
  const known = new Map(cases.flatMap(({ subjects }) => subjects).map((subject) => [subject.name, subject]));
  const wanted = new Set(pick([...known.values()], only).map((subject) => subject.name));
  return cases.map(({ name, subjects }) => ({
    name,
    subjects: subjects.map((subject) => subject.name).filter((subject) => wanted.has(subject)),
  }));
}

function openCase(bench: CallBench, { name, subjects }: ChosenCase): ChildProcess {
  return fork(CASE_PROCESS, [bench, name, ...subjects]);
}

/** Lets a case have its round. Errors: `CannotRun` when its process ends instead. */
function measureRound(process: ChildProcess, task: TaskEffort): Promise<RoundAnswer> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void =>
      reject(new CannotRun(`The process of a case ended with ${code ?? signal} before its round`));
    process.once("exit", ended);
    process.once("message", (answer: RoundAnswer) => {
      process.off("exit", ended);
      resolve(answer);
    });
    process.send(task);
  });
}

function keyOf(caseName: string, subject: string): string {
  return `${caseName}\n${subject}`;
}
