import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { createLogTally, type LogTally, mergeLogTally } from "../tally/log-tally.ts";
import type { LogUnit, ScanPlan } from "./scan-plan.ts";
import { scanUnits } from "./scan-units.ts";
import { NEXT_UNIT, STOPPED, type WorkerInput, type WorkerMessage } from "./scan-worker.ts";

export type RunScanOptions = {
  readonly plan: ScanPlan;
  readonly units: readonly LogUnit[];
  /** How many threads scan; 1 is this one. Never more than there are units. */
  readonly workers: number;
  /** Ends the scan early: what was read until then is told. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: { readonly bytes: number; readonly lines: number }) => void;
};

/** As many threads as the machine runs at one time. */
export function defaultWorkers(): number {
  return availableParallelism();
}

/** Scans units on several threads and adds up what they found. Errors: what a thread could not read. */
export async function runScan({ plan, units, workers, signal, onProgress }: RunScanOptions): Promise<LogTally> {
  const threads = Math.min(workers, units.length);
  if (threads <= 1) {
    const left = units.values();
    return scanUnits(() => left.next().value, { plan, watch: { isStopped: () => signal.aborted, onProgress } });
  }
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const stop = (): void => void Atomics.store(shared, STOPPED, 1);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  Atomics.store(shared, NEXT_UNIT, 0);
  const done = new Map<number, { bytes: number; lines: number }>();
  const sum = (): { bytes: number; lines: number } =>
    [...done.values()].reduce((all, one) => ({ bytes: all.bytes + one.bytes, lines: all.lines + one.lines }), { bytes: 0, lines: 0 });
  try {
    const tallies = await Promise.all(
      Array.from({ length: threads }, (_, index) =>
        runWorker({ plan, units, shared }, (progress) => {
          done.set(index, progress);
          onProgress(sum());
        }),
      ),
    );
    const tally = createLogTally(plan.subjects.length);
    for (const part of tallies) mergeLogTally(tally, part);
    return tally;
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

function runWorker(input: WorkerInput, onProgress: RunScanOptions["onProgress"]): Promise<LogTally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./scan-worker.js", import.meta.url), { workerData: input });
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "progress") onProgress(message);
      else resolve(message.tally);
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("A thread that scans a log has ended")));
  });
}
