import type { Load } from "../listen/listeners.ts";
import type { Runtime } from "../runtime.ts";
import type { RunningSnapshot } from "../snapshot/running-snapshot.ts";
import type { AdminSubject } from "./admin.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import type { MetricFamily } from "./metric-family.ts";
import { processMetrics } from "./process-metrics.ts";
import type { DegradedReason, Readiness, UnreadyReason } from "./readiness.ts";

type SubjectParts = {
  readonly runtime: Runtime;
  readonly running: RunningSnapshot;
  readonly load: () => Load;
  readonly isDraining: () => boolean;
};

/** One gateway in its own process, as an admin listener tells about it. */
export function gatewaySubject(parts: SubjectParts): AdminSubject {
  return {
    readiness: async () => readinessOf(parts),
    metrics: async () => [ownMetrics(parts), await processMetrics()],
  };
}

function readinessOf({ running, isDraining }: SubjectParts): Readiness {
  const standing = running.standing();
  const reasons: UnreadyReason[] = [];
  if (standing === undefined) reasons.push("starting");
  if (isDraining()) reasons.push("draining");
  const degraded: DegradedReason[] = running.controlState() === "away" ? ["control-away"] : [];
  return { reasons, degraded, revision: standing?.revision };
}

function ownMetrics({ runtime, running, load }: SubjectParts): readonly MetricFamily[] {
  const standing = running.standing();
  const control = running.controlState();
  return gatewayMetrics({
    counts: runtime.tally.read(),
    accessLog: runtime.accessLog?.counts(),
    ...load(),
    tunnels: runtime.tunnels.size,
    snapshot: standing && { revision: standing.revision, ageMs: runtime.now() - standing.sinceMs },
    isControlConnected: control && control === "connected",
  });
}
