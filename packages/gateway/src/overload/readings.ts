import { totalmem } from "node:os";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";

/** What a process measures of itself. */
export type ProcessReadings = {
  /** How late the event loop has been since the last reading: what half of the looks found, and all but one in a hundred. */
  readonly medianLoopDelayMs: number;
  readonly p99LoopDelayMs: number;
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  /** Memory that the system counts as the process's own. */
  readonly rssBytes: number;
  /** What the machine has, or the control group allows. */
  readonly rssLimitBytes: number;
};

/** Where the readings come from. It owns what measures in between. */
export type ProcessReader = { read(): ProcessReadings; close(): void };

/** How often the loop is looked at. A look that finds it idle measures this interval itself, which is taken off. */
const LOOK_INTERVAL_MS = 20;
const NS_PER_MS = 1e6;

/** Reads this process. */
export function openProcessReader(): ProcessReader {
  const delays = monitorEventLoopDelay({ resolution: LOOK_INTERVAL_MS });
  delays.enable();
  const rssLimitBytes = memoryLimit();
  return {
    read() {
      const { used_heap_size: heapBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
      const loop = { medianLoopDelayMs: delayAt(delays, 50), p99LoopDelayMs: delayAt(delays, 99) };
      delays.reset();
      return { ...loop, heapBytes, heapLimitBytes, rssBytes: process.memoryUsage.rss(), rssLimitBytes };
    },
    close: () => void delays.disable(),
  };
}

function delayAt(delays: IntervalHistogram, percentile: number): number {
  return Math.max(0, delays.percentile(percentile) / NS_PER_MS - LOOK_INTERVAL_MS);
}

/** Without a control group the system answers 0, or more than there is. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
