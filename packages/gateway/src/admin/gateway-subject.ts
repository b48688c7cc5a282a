import type { SentCounts } from "../events/event-sender.ts";
import type { Listeners } from "../listen/listeners.ts";
import type { Runtime } from "../runtime.ts";
import type { RunningSnapshot } from "../snapshot/running-snapshot.ts";
import type { ControlState, SnapshotStanding } from "../snapshot/source.ts";
import type { AdminSubject } from "./admin.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import type { MetricFamily } from "./metric-family.ts";
import { processMetrics } from "./process-metrics.ts";
import type { DegradedReason, Readiness, UnreadyReason } from "./readiness.ts";

type SubjectParts = {
  readonly runtime: Runtime;
  readonly running: RunningSnapshot;
  readonly listeners: Listeners;
  readonly sentCounts: () => SentCounts | undefined;
  readonly isDraining: () => boolean;
};

/** One gateway in its own process, as an admin listener tells about it. */
export type GatewaySubject = AdminSubject & {
  /** Of its metrics those that are not the process's: cheap, and asking for them changes nothing. */
  ownMetrics(): readonly MetricFamily[];
};

export function gatewaySubject(parts: SubjectParts): GatewaySubject {
  return {
    readiness: async () => readinessOf(parts),
    metrics: async () => [ownMetrics(parts), await processMetrics()],
    ownMetrics: () => ownMetrics(parts),
  };
}

function readinessOf({ runtime, running, isDraining }: SubjectParts): Readiness {
  const inUse = running.inUse();
  const reasons: UnreadyReason[] = [];
  if (inUse === undefined) reasons.push("starting");
  if (isDraining()) reasons.push("draining");
  if (runtime.overload.state().step === "shed-requests") reasons.push("overloaded");
  return { reasons, degraded: degradedBy(running.controlState(), inUse?.standing), revision: inUse?.revision };
}

/** What is not as it should be in the configuration that runs. */
export function degradedBy(control: ControlState | undefined, standing: SnapshotStanding | undefined): readonly DegradedReason[] {
  const degraded: DegradedReason[] = [];
  if (control === "away") degraded.push("control-away");
  if (standing === "last-good") degraded.push("last-good-snapshot");
  if (standing === "proven") degraded.push("snapshot-withdrawn");
  return degraded;
}

function ownMetrics({ runtime, running, listeners, sentCounts }: SubjectParts): readonly MetricFamily[] {
  const inUse = running.inUse();
  runtime.records?.flush();
  return gatewayMetrics({
    counts: runtime.tally.read(),
    hops: runtime.signedHops.reader?.counts(),
    accessLog: runtime.accessLog?.counts(),
    events: runtime.events?.counts(),
    sent: sentCounts(),
    ...listeners.load(),
    tunnels: runtime.tunnels.size,
    overload: runtime.overload.state(),
    targets: runtime.upstreams.states(),
    certificates: listeners.certificates().map(({ file, notAfter }) => ({ file, endsInMs: notAfter.getTime() - Date.now() })),
    snapshot: inUse && { revision: inUse.revision, ageMs: runtime.now() - inUse.sinceMs },
    control: running.controlState(),
  });
}
