import { parentPort, workerData } from "node:worker_threads";
import type { ScanPlan } from "./scan-plan.ts";
import { scanUnits } from "./scan-units.ts";
import { isStopped, takeUnit, type UnitQueue } from "./unit-queue.ts";

/** What a worker is started with. */
export type WorkerInput = { readonly plan: ScanPlan; readonly queue: UnitQueue };

/** What a worker says: how far it is, and at its end its tally. */
export type WorkerMessage =
  | { readonly kind: "progress"; readonly bytes: number; readonly lines: number }
  | { readonly kind: "tally"; readonly tally: Awaited<ReturnType<typeof scanUnits>> };

const PROGRESS_EVERY_MS = 100;

if (parentPort !== null) {
  const port = parentPort;
  const { plan, queue } = workerData as WorkerInput;
  let saidAt = 0;
  const tally = await scanUnits(() => takeUnit(queue), {
    plan,
    watch: {
      isStopped: () => isStopped(queue),
      onProgress(done) {
        if (performance.now() < saidAt + PROGRESS_EVERY_MS) return;
        saidAt = performance.now();
        port.postMessage({ kind: "progress", ...done } satisfies WorkerMessage);
      },
    },
  });
  port.postMessage({ kind: "tally", tally } satisfies WorkerMessage);
}
