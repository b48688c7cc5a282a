import cluster from "node:cluster";
import { starting } from "../admin/readiness.ts";
import { type Gateway, openGateway } from "../gateway.ts";
import { giveHeapRoom } from "../heap-room.ts";
import type { Notice } from "../notice.ts";
import { openProcessReader } from "../overload/readings.ts";
import type { HopMemory } from "../signed-hop/used-hops.ts";
import type { SnapshotSink, SnapshotSource } from "../snapshot/source.ts";
import { Channel } from "./channel.ts";
import type { PrimaryQuestions, WorkerQuestions } from "./questions.ts";

// The program of a worker: a gateway that is told everything by its primary. Node ends it when the primary is gone.

giveHeapRoom();

/** These reach every process of a terminal or a service. The primary says what they mean. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;
for (const signal of SIGNALS) process.on(signal, () => undefined);

// What cannot be sent to the primary is of no use to anybody else, and Node's own words about it neither.
cluster.worker?.on("error", () => process.exit(1));

/** What the primary says and counts itself, once for all workers. */
const TOLD_BY_PRIMARY: ReadonlySet<Notice["code"]> = new Set<Notice["code"]>([
  "SNAPSHOT_APPLIED",
  "SNAPSHOT_REFUSED",
  "GEO_DATABASE_MISSING",
]);
/** How long the primary may take to say whether a hop was used before. */
const HOP_TIMEOUT_MS = 2_000;

let opened: Gateway | undefined;
let takeSink: (sink: SnapshotSink) => void = () => undefined;
const sink = new Promise<SnapshotSink>((resolve) => {
  takeSink = resolve;
});

const source: SnapshotSource = {
  async open(given) {
    takeSink(given);
  },
  deliver: (transaction) => void primary.ask("deliver", transaction).catch(() => undefined),
  // What is offered while the worker drains is for the last requests on its connections.
  async close() {},
};

const send = (message: object): void => void process.send?.(message, undefined, {}, () => undefined);

const primary = new Channel<PrimaryQuestions, WorkerQuestions>(send, {
  async open({ options, workers, ticketKeys }) {
    opened = await openGateway({
      ...options,
      source,
      onNotice,
      toldElsewhere: TOLD_BY_PRIMARY,
      hopMemory,
      ticketKeys: Buffer.from(ticketKeys, "base64"),
      processReader: openProcessReader({ sharedBy: workers }),
    });
    return opened.listeners;
  },
  offer: async ({ json, standing }) => (await sink).offer(json, standing),
  state: async () => ({ readiness: (await opened?.readiness()) ?? starting, counts: opened?.ownMetrics() ?? [] }),
  served: async () => (await (await sink).served()) ?? null,
  metrics: async () => (await opened?.metrics()) ?? [],
  async refreshCertificates() {
    await opened?.refreshCertificates();
    return null;
  },
  reopenAccessLog() {
    opened?.reopenAccessLog();
    return null;
  },
  async stopListening() {
    await opened?.stopListening(turnOfPrimary);
    return null;
  },
  async close() {
    await opened?.close();
    return (await opened?.metrics()) ?? [];
  },
});
process.on("message", (message) => primary.receive(message));
primary.ask("hello", null).catch(() => undefined);

function onNotice(notice: Notice): void {
  primary.ask("notify", notice).catch(() => undefined);
}

/** The primary accepts connections and deals them out, in order with what else it says. */
async function turnOfPrimary(): Promise<void> {
  await primary.ask("turn", null).catch(() => undefined);
}

/** A hop of which nobody says in time that it is used for the first time is not believed. */
const hopMemory: HopMemory = {
  use: (signature, times) => primary.ask("useHop", { signature, times }, { timeoutMs: HOP_TIMEOUT_MS }).catch(() => "unconfirmed"),
};
