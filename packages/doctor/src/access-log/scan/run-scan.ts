import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { LogError } from "../errors.ts";
import { type LogTally, mergeLogTally } from "../tally/log-tally.ts";
import type { LogUnit, ScanPlan } from "./scan-plan.ts";
import { scanUnits } from "./scan-units.ts";
import type { WorkerInput, WorkerMessage } from "./scan-worker.ts";
import { createUnitQueue, isStopped, stopQueue, takeUnit } from "./unit-queue.ts";

export type RunScanOptions = {
  readonly plan: ScanPlan;
  readonly units: readonly LogUnit[];
  /** How many threads scan, this one among them. Never more than there are units. */
  readonly workers: number;
  /** Ends the scan early: what was read until then is told. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: Progress) => void;
};

/** As many threads as the machine runs at one time. */
export function defaultWorkers(): number {
  return availableParallelism();
}

/** Scans units on several threads, of which this is one, and adds up what they found. Errors: what a thread could not read. */
export async function runScan({ plan, units, workers, signal, onProgress }: RunScanOptions): Promise<LogTally> {
  const others = Math.min(workers, units.length) - 1;
  const queue = createUnitQueue(units);
  const stop = (): void => stopQueue(queue);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  const done: Progress[] = [];
  const progressOf = (thread: number) => (progress: Progress) => {
    done[thread] = progress;
    onProgress(done.reduce((all, one) => ({ bytes: all.bytes + one.bytes, lines: all.lines + one.lines })));
  };
  try {
    const [tally, ...tallies] = await Promise.all([
      scanUnits(() => takeUnit(queue), { plan, watch: { isStopped: () => isStopped(queue), onProgress: progressOf(0) } }),
      ...Array.from({ length: others }, (_, index) => runWorker({ plan, queue }, progressOf(index + 1))),
    ]);
    for (const part of tallies) mergeLogTally(tally, part);
    return tally;
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

type Progress = { readonly bytes: number; readonly lines: number };

function runWorker(input: WorkerInput, onProgress: RunScanOptions["onProgress"]): Promise<LogTally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./scan-worker.js", import.meta.url), { workerData: input });
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "progress") onProgress(message);
      else resolve(message.tally);
    });
    worker.once("error", (error: Error) => reject(asThrown(error)));
    worker.once("exit", () => reject(new Error("A thread that scans a log has ended")));
  });
}

/** An error of another thread as it was thrown there: it arrives without its class. */
function asThrown(error: Error): Error {
  return "code" in error && error.code === "LOGS_UNREADABLE" ? new LogError(error.code, error.message) : error;
}
