import { parentPort, workerData } from "node:worker_threads";
import type { LogUnit, ScanPlan } from "./scan-plan.ts";
import { scanUnits } from "./scan-units.ts";

/** What a worker is started with. `shared` holds the number of the next unit that nobody has taken, and whether to stop. */
export type WorkerInput = { readonly plan: ScanPlan; readonly units: readonly LogUnit[]; readonly shared: Int32Array };

/** Places in `shared`. */
export const NEXT_UNIT = 0;
export const STOPPED = 1;

/** What a worker says: how far it is, and at its end its tally. */
export type WorkerMessage =
  | { readonly kind: "progress"; readonly bytes: number; readonly lines: number }
  | { readonly kind: "tally"; readonly tally: Awaited<ReturnType<typeof scanUnits>> };

const PROGRESS_EVERY_MS = 100;

if (parentPort !== null) {
  const port = parentPort;
  const { plan, units, shared } = workerData as WorkerInput;
  let saidAt = 0;
  const tally = await scanUnits(() => units[Atomics.add(shared, NEXT_UNIT, 1)], {
    plan,
    watch: {
      isStopped: () => Atomics.load(shared, STOPPED) === 1,
      onProgress(done) {
        if (performance.now() < saidAt + PROGRESS_EVERY_MS) return;
        saidAt = performance.now();
        port.postMessage({ kind: "progress", ...done } satisfies WorkerMessage);
      },
    },
  });
  port.postMessage({ kind: "tally", tally } satisfies WorkerMessage);
}
