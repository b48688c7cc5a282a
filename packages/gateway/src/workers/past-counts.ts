import { AggregatorRegistry } from "prom-client";
import type { MetricFamily } from "../admin/metric-family.ts";

type Families = readonly MetricFamily[];

/** What workers have counted that are gone. Without it a counter of the group would fall when one of them ends, and Prometheus would take that for a restart. */
export class PastCounts {
  #lists: readonly Families[] = [];

  /** Keeps what only rises; how much memory a worker had ends with it. */
  add(lists: readonly Families[]): void {
    this.#lists = [...this.#lists, ...lists.map((families) => families.filter(({ type }) => type !== "gauge"))];
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
