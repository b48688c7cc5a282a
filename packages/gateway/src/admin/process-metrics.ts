import { collectDefaultMetrics, Registry } from "prom-client";
import type { MetricFamily } from "./metric-family.ts";

let registry: Registry | undefined;

/**
 * CPU, memory, files, event-loop delay and garbage collection of this process, as prom-client measures them. One measurement a process, however
 * many gateways it holds; it begins with the first call, and event-loop delays are those since the last.
 */
export async function processMetrics(): Promise<readonly MetricFamily[]> {
  registry ??= openRegistry();
  // prom-client types `type` as a number, and writes and reads the word.
  return (await registry.getMetricsAsJSON()) as unknown as readonly MetricFamily[];
}

function openRegistry(): Registry {
  const opened = new Registry();
  collectDefaultMetrics({ register: opened });
  return opened;
}
