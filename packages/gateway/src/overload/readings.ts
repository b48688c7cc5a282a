import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { type LoopDelay, LoopDelays } from "./loop-delays.ts";

/** What a process measures of itself. */
export type ProcessReadings = LoopDelay & {
  /** Processor time since the last reading, of all threads, in percent of one processor. */
  readonly cpuPercent: number;
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  /** Memory that the system counts as the process's own. */
  readonly rssBytes: number;
  /** What the machine has, or the control group allows. */
  readonly rssLimitBytes: number;
};

/** Where the readings come from. It owns what measures in between. */
export type ProcessReader = { read(): ProcessReadings; close(): void };

const LOOK_INTERVAL_MS = 20;

/** Reads this process, which may have its part of the memory where it is one of several alike. */
export function openProcessReader({ sharedBy = 1 }: { sharedBy?: number } = {}): ProcessReader {
  const loop = watchLoop();
  const readCpu = cpuReader();
  const rssLimitBytes = memoryLimit() / sharedBy;
  return {
    read() {
      const { used_heap_size: heapBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
      return { ...loop.read(), cpuPercent: readCpu(), heapBytes, heapLimitBytes, rssBytes: process.memoryUsage.rss(), rssLimitBytes };
    },
    close: () => loop.close(),
  };
}

/**
 * Measures by how much a timer comes late. Not `monitorEventLoopDelay`: after each `reset` it loses its first sample, so of a loop that turns more slowly than
 * it is read, it would know nothing.
 */
function watchLoop() {
  const delays = new LoopDelays();
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    delays.note(Math.max(0, nowMs - lastMs - LOOK_INTERVAL_MS));
    lastMs = nowMs;
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return { read: () => delays.read(), close: () => clearInterval(timer) };
}

function cpuReader(): () => number {
  let lastMs = performance.now();
  let last = process.cpuUsage();
  return () => {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(last);
    const percent = ((user + system) / 1_000 / (nowMs - lastMs)) * 100;
    last = process.cpuUsage();
    lastMs = nowMs;
    return percent;
  };
}

/** Without a control group the system answers 0, or more than there is. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
