import type { AdminSubject } from "../admin/admin.ts";
import { controlMetric, noticesMetric, sentMetric } from "../admin/gateway-metrics.ts";
import { degradedBy } from "../admin/gateway-subject.ts";
import { counter, gauge, type MetricFamily } from "../admin/metric-family.ts";
import { processMetrics } from "../admin/process-metrics.ts";
import type { Readiness, UnreadyReason } from "../admin/readiness.ts";
import type { SentCounts } from "../events/event-sender.ts";
import type { Tally } from "../record/tally.ts";
import type { RunningSnapshot } from "../snapshot/running-snapshot.ts";
import type { Workers } from "./workers.ts";

type SubjectParts = {
  readonly workers: Workers;
  readonly running: RunningSnapshot;
  /** Of this process: its notices. */
  readonly tally: Tally;
  readonly wanted: number;
  readonly sentCounts: () => SentCounts | undefined;
  readonly isDraining: () => boolean;
};

/** A group as an admin listener tells about it: as one gateway. */
export function groupSubject(parts: SubjectParts): AdminSubject {
  return {
    readiness: () => readinessOf(parts),
    metrics: async () => [groupMetrics(parts), await processMetrics(), ...(await parts.workers.metrics())],
  };
}

/** Ready when as many workers are as are wanted. */
async function readinessOf({ workers, running, wanted, isDraining }: SubjectParts): Promise<Readiness> {
  const answers = await workers.readiness();
  const reasons = new Set<UnreadyReason>(answers.flatMap((answer) => answer.reasons));
  if (answers.length < wanted) reasons.add("workers-missing");
  if (isDraining()) reasons.add("draining");
  const revisions = answers.flatMap(({ revision }) => revision ?? []);
  return {
    reasons: [...reasons],
    degraded: degradedBy(running.controlState(), running.inUse()?.standing),
    revision: revisions.length === 0 ? undefined : Math.min(...revisions),
  };
}

/** What only the primary knows. */
function groupMetrics({ workers, running, tally, wanted, sentCounts }: SubjectParts): readonly MetricFamily[] {
  const { serving, deaths } = workers.counts();
  return [
    gauge({ name: "wherefrom_workers_wanted", help: "Processes that are to serve", aggregator: "max" }, wanted),
    gauge({ name: "wherefrom_workers_serving", help: "Processes that listen", aggregator: "max" }, serving),
    counter({ name: "wherefrom_worker_deaths_total", help: "Workers that ended without being told to" }, deaths),
    controlMetric(running.controlState()),
    noticesMetric(tally.read()),
    sentMetric(sentCounts()),
  ];
}
