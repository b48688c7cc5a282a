import cluster from "node:cluster";
import type { AdminSubject } from "../admin/admin.ts";
import { Closing } from "../closing.ts";
import { GatewayError } from "../errors.ts";
import type { EventSender } from "../events/event-sender.ts";
import { type Gateway, type GatewayOptions, openSender, quiet, safely } from "../gateway.ts";
import { withLimits } from "../limits.ts";
import { clearStaleSocket, type ListeningAt } from "../listen/listen.ts";
import { type ListenerSettings, readListenerOptions } from "../listen/listener-options.ts";
import { Tally } from "../record/tally.ts";
import { openHopMemory } from "../signed-hop/open-hops.ts";
import { RunningSnapshot } from "../snapshot/running-snapshot.ts";
import type { SnapshotSink, SnapshotSource } from "../snapshot/source.ts";
import { groupSubject } from "./group-subject.ts";
import type { WorkerOptions } from "./questions.ts";
import { Workers } from "./workers.ts";

export type GatewayGroupOptions = WorkerOptions &
  Pick<GatewayOptions, "onNotice"> & {
    /** One that remembers is told when a worker has died. */
    readonly source: SnapshotSource & { died?(): void };
    /** How many processes serve. */
    readonly workers: number;
  };

/** Several processes that serve as one gateway, and this one that keeps them. */
export type GatewayGroup = AdminSubject &
  Pick<Gateway, "url" | "listeners" | "revision" | "reopenAccessLog" | "refreshCertificates" | "closesWithinMs" | "close"> & {
    /**
     * Puts new workers in the place of the old, one after another, each ready before the former drains; they go by these options. Told while that is under way, it
     * is done once more. Where a new one does not come up, the rest goes on as it is, with a notice.
     */
    restart(options: WorkerOptions): Promise<void>;
  };

/**
 * Opens a gateway of several processes on the same places. This process follows the source and serves nobody; it deals connections out, gives snapshots to the
 * workers, and lets none of them be missing for long. A snapshot counts as applied when every worker has it.
 *
 * Errors: those of `openGateway`; `GATEWAY_WORKER_FAILED` for a worker that dies while it starts.
 */
export async function openGatewayGroup({
  source,
  workers: wanted,
  onNotice: given,
  ...options
}: GatewayGroupOptions): Promise<GatewayGroup> {
  if (!cluster.isPrimary)
    throw new GatewayError(
      "GATEWAY_WORKER_FAILED",
      "Workers need a process of their own, and this one is a worker of somebody else's: run it without",
    );
  const limits = withLimits(options.limits ?? {});
  const settings = readListenerOptions(options.listeners);
  const now = (): number => performance.now();
  const hasGeo = (options.geoDatabases ?? []).length > 0;
  const tally = new Tally();
  const onNotice = quiet(given, { tally });
  // Requests, and so targets and what is over, are the workers'.
  const follower = { keepOnly: () => undefined };
  const running = new RunningSnapshot(follower, { onNotice, now, tally, endings: follower, hasGeo });
  const workers = new Workers(options, {
    wanted,
    hops: openHopMemory(limits),
    deliver: (transaction) => source.deliver?.(transaction),
    onNotice,
    // Counted by the worker that gives it.
    onWorkerNotice: safely(given),
    onDied: () => source.died?.(),
  });
  const sink: SnapshotSink = {
    async offer(json, standing = "newest") {
      // Judged here first: what is not valid reaches no worker.
      const offered = await running.offer(json, standing);
      if (offered.kind === "refused") return offered;
      return (await workers.offer({ json, standing })) ?? offered;
    },
    notify: (notice) => running.notify(notice),
    control: (state) => running.control(state),
    async served() {
      const own = running.served();
      return own && { ...own, ...(await workers.served(own.current.revision)) };
    },
  };
  let sender: EventSender | undefined;
  const shut = async (): Promise<void> => {
    // The workers' last events are in their spools when they have ended.
    await workers.close();
    await sender?.close();
    await source.close();
  };
  let listening: Gateway["listeners"];
  try {
    // The first one waits for the first snapshot, and what it finds wrong is told once.
    await clearPlaces(settings, []);
    const first = workers.openFirst();
    await Promise.all([first, source.open(sink).then(() => running.whenFirst(limits.firstSnapshotTimeoutMs))]);
    listening = await first;
    await workers.openRest();
    sender = openSender({ ...options, source }, { limits, onNotice });
  } catch (error) {
    await shut();
    throw error;
  }
  const closing = new Closing(shut, () => workers.limits);
  return {
    url: listening[0]?.url ?? "",
    listeners: listening,
    revision: () => running.current().revision,
    ...groupSubject({ workers, running, tally, wanted, sentCounts: () => sender?.counts(), isDraining: () => closing.hasBegun }),
    reopenAccessLog: () => workers.reopenAccessLog(),
    refreshCertificates: () => workers.refreshCertificates(),
    async restart(changed) {
      withLimits(changed.limits ?? {});
      await clearPlaces(readListenerOptions(changed.listeners), workers.listening);
      await workers.restart(changed);
    },
    get closesWithinMs() {
      return closing.withinMs;
    },
    close: () => closing.begin(),
  };
}

/** Makes room where a killed process has left its sockets. Where `ours` listen there is none to make. */
async function clearPlaces(settings: readonly ListenerSettings[], ours: readonly ListeningAt[]): Promise<void> {
  for (const { place } of settings) {
    if (place.kind === "tcp" || ours.some((taken) => taken.kind === "unix" && taken.path === place.path)) continue;
    await clearStaleSocket(place.path);
  }
}
