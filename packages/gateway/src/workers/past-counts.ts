import { AggregatorRegistry } from "prom-client";
import { eventsName, waitingEventsName } from "../admin/gateway-metrics.ts";
import type { MetricFamily, MetricValue } from "../admin/metric-family.ts";

type Families = readonly MetricFamily[];

/** What workers have counted that are gone. Without it a counter of the group would fall when one of them ends, and Prometheus would take that for a restart. */
export class PastCounts {
  #lists: readonly Families[] = [];

  /** Keeps what only rises; how much memory a worker had ends with it. Events that still waited are lost. */
  add(lists: readonly Families[]): void {
    this.#lists = [...this.#lists, ...lists.map((families) => withLost(families).filter(({ type }) => type !== "gauge"))];
  }

  /** All of it, as of now. */
  lists(): readonly Families[] {
    return this.#lists;
  }

  /** Makes one list of many, so that a group whose workers come and go for months stays small. */
  async sum(): Promise<void> {
    const before = this.#lists;
    const [list = [], ...more] = before;
    if (more.length === 0) return;
    const summed = await AggregatorRegistry.aggregate([list, ...more]).getMetricsAsJSON();
    // What came in meanwhile stands behind what was summed.
    this.#lists = [summed as unknown as Families, ...this.#lists.slice(before.length)];
  }
}

/** So that as many requests are told as events, of a worker that was killed too. */
function withLost(families: Families): Families {
  const waiting = families.find(({ name }) => name === waitingEventsName)?.values[0]?.value ?? 0;
  if (waiting === 0) return families;
  return families.map((family) => (family.name === eventsName ? { ...family, values: family.values.map(lose) } : family));

  function lose(result: MetricValue): MetricValue {
    return result.labels["result"] === "dropped" ? { ...result, value: result.value + waiting } : result;
  }
}
