import type { GatewayLimits } from "../limits.ts";
import type { Load } from "./load.ts";
import type { ProcessReadings } from "./readings.ts";

/** What a gateway gives up when it has too much to do, the mildest first. */
export const overloadSteps = ["none", "close-connections", "shed-requests"] as const;

export type OverloadStep = (typeof overloadSteps)[number];

/** How much of each limit is taken: 1 is all of it. */
export type Pressures = {
  readonly connections: number;
  readonly exchanges: number;
  readonly loopDelay: number;
  readonly heap: number;
  readonly memory: number;
};

type Rung = { readonly step: OverloadStep; readonly enterAt: number; readonly leaveBelow: number };

/** A rung is left at less than what it is entered at: else a gateway on the edge would change its mind at each look. */
const rungs: readonly Rung[] = [
  { step: "none", enterAt: 0, leaveBelow: 0 },
  { step: "close-connections", enterAt: 0.85, leaveBelow: 0.75 },
  { step: "shed-requests", enterAt: 0.95, leaveBelow: 0.85 },
];

/** Sets readings against limits. Of the loop's delay the median counts: one long pause is no overload, being late again and again is. */
export function pressuresOf({ load, readings }: { load: Load; readings: ProcessReadings }, limits: GatewayLimits): Pressures {
  return {
    connections: load.connections / limits.maxConnections,
    exchanges: load.exchanges / limits.maxExchanges,
    loopDelay: readings.medianLoopDelayMs / limits.maxLoopDelayMs,
    heap: readings.heapBytes / readings.heapLimitBytes,
    memory: readings.rssBytes / readings.rssLimitBytes,
  };
}

/** The step after `current` under a pressure: up at once as far as it has to be, down one rung at a time. */
export function nextStep(current: OverloadStep, pressure: number): OverloadStep {
  const standing = rungs.findIndex(({ step }) => step === current);
  const reached = rungs.findLastIndex(({ enterAt }) => pressure >= enterAt);
  if (reached > standing) return rungs[reached]?.step ?? current;
  return pressure < (rungs[standing]?.leaveBelow ?? 0) ? (rungs[standing - 1]?.step ?? current) : current;
}
