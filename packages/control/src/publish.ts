import { setMaxListeners } from "node:events";
import type { GatewayReport } from "@wherefrom/model";
import type { Delivery, SentSnapshot } from "./delivery.ts";
import { until, type Wakers } from "./until.ts";

/** What happened last to an environment, as far as gateways are concerned. */
export type Publication =
  | { readonly kind: "delivery"; readonly delivery: Delivery }
  /** The environment was deleted; `revision` is that of the deletion. */
  | { readonly kind: "gone"; readonly revision: number };

/** What a gateway answered for last. */
type RunReport = Pick<GatewayReport, "revision" | "refused">;

/** What waiting for a newer snapshot came to. `unchanged`: the time is over, or the caller gave up, or control closes. */
export type Awaited =
  | { readonly kind: "snapshot"; readonly sent: SentSnapshot }
  | { readonly kind: "gone" }
  | { readonly kind: "unchanged" };

type WaitOptions = {
  /** Revision that the reader has. */
  readonly after: number;
  readonly gateway: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Passes each environment's newest snapshot to whoever waits for it, and knows which gateway runs what.
 *
 * Not a queue: a slow reader gets the newest snapshot, never those between. Not stored: for what outlives a restart see fleet.ts.
 */
export type Publisher = {
  /** Older than what was published already: ignored. */
  publish(environment: string, publication: Publication): void;
  /** The first snapshot for that gateway with a revision above `after`. */
  next(environment: string, options: WaitOptions): Promise<Awaited>;
  /**
   * Counts a gateway's event stream as connected until the returned function is called. A stream that names no gateway is taken
   * for the next gateway that reports without a stream of its own; until then it is waited for during its first `introductionMs`,
   * and after that it is somebody who only looks on.
   */
  connect(environment: string, gateway: string | undefined): () => void;
  /** Takes what a gateway runs and refuses. `false` when it is what it said before. */
  report(environment: string, report: RunReport & { readonly gateway: string }): boolean;
  /** Names of the gateways with an event stream. */
  connected(environment: string): readonly string[];
  /** Environments of which some gateways try the newest revision. */
  staged(): readonly Delivery[];
  /** Resolves with the names of the connected gateways that had not answered for `revision` after `timeoutMs`; none is the good case. */
  settled(environment: string, options: { readonly revision: number; readonly timeoutMs: number }): Promise<readonly string[]>;
  /** Event streams open now, over all environments. */
  streams(): number;
  /** Ends every wait, now and later. */
  close(): void;
  isClosed(): boolean;
};

type Stream = { gateway: string | undefined; isIntroducing: boolean };

type Channel = {
  newest: Publication | undefined;
  readonly streams: Set<Stream>;
  readonly gateways: Map<string, RunReport>;
  readonly wakers: Wakers;
};

type PublisherLimits = { readonly maxGateways: number; readonly introductionMs: number };

export function createPublisher({ maxGateways, introductionMs }: PublisherLimits): Publisher {
  const channels = new Map<string, Channel>();
  const closing = new AbortController();
  // Every stream and every poll waits on it; Node would take more than ten for a leak.
  setMaxListeners(0, closing.signal);
  const channelOf = (environment: string): Channel => {
    const channel = channels.get(environment) ?? { newest: undefined, streams: new Set(), gateways: new Map(), wakers: new Set() };
    channels.set(environment, channel);
    return channel;
  };
  return {
    publish: (environment, publication) => publish(channelOf(environment), publication),
    async next(environment, { after, gateway, timeoutMs, signal }) {
      const channel = channelOf(environment);
      const newer = () => newerThan(channel, { after, gateway });
      const signals = signal === undefined ? [closing.signal] : [closing.signal, signal];
      return (await until(channel.wakers, newer, { timeoutMs, signals })) ?? { kind: "unchanged" };
    },
    connect: (environment, gateway) => connect(channelOf(environment), { gateway, introductionMs }),
    report: (environment, report) => takeReport(channelOf(environment), { ...report, maxGateways }),
    connected: (environment) => connectedTo(channelOf(environment)),
    staged: () =>
      [...channels.values()].flatMap(({ newest }) => (newest?.kind === "delivery" && newest.delivery.isStaged ? newest.delivery : [])),
    async settled(environment, { revision, timeoutMs }) {
      const channel = channelOf(environment);
      const settled = () => (lateGateways(channel, revision).length === 0 && !isIntroducing(channel) ? true : undefined);
      await until(channel.wakers, settled, { timeoutMs, signals: [closing.signal] });
      return lateGateways(channel, revision);
    },
    streams: () => [...channels.values()].reduce((sum, channel) => sum + channel.streams.size, 0),
    close: () => closing.abort(),
    isClosed: () => closing.signal.aborted,
  };
}

function revisionOf(publication: Publication): number {
  return publication.kind === "delivery" ? publication.delivery.revision : publication.revision;
}

function newerThan({ newest }: Channel, { after, gateway }: Pick<WaitOptions, "after" | "gateway">): Awaited | undefined {
  if (newest === undefined) return undefined;
  if (newest.kind === "gone") return newest.revision > after ? { kind: "gone" } : undefined;
  const sent = newest.delivery.snapshotFor(gateway);
  return sent.snapshot.revision > after ? { kind: "snapshot", sent } : undefined;
}

function wake(channel: Channel): void {
  for (const look of [...channel.wakers]) look();
}

function publish(channel: Channel, publication: Publication): void {
  if (channel.newest !== undefined && revisionOf(channel.newest) >= revisionOf(publication)) return;
  channel.newest = publication;
  wake(channel);
}

type Connection = { readonly gateway: string | undefined; readonly introductionMs: number };

function connect(channel: Channel, { gateway, introductionMs }: Connection): () => void {
  const stream: Stream = { gateway, isIntroducing: gateway === undefined };
  const endIntroduction = (): void => {
    stream.isIntroducing = false;
    wake(channel);
  };
  const timer = setTimeout(endIntroduction, stream.isIntroducing ? introductionMs : 0);
  channel.streams.add(stream);
  return () => {
    clearTimeout(timer);
    channel.streams.delete(stream);
    wake(channel);
  };
}

function isIntroducing(channel: Channel): boolean {
  return [...channel.streams].some((stream) => stream.isIntroducing);
}

function connectedTo({ streams }: Channel): readonly string[] {
  return [...new Set([...streams].flatMap((stream) => stream.gateway ?? []))];
}

function isConnected(channel: Channel, gateway: string): boolean {
  return [...channel.streams].some((stream) => stream.gateway === gateway);
}

type TakenReport = RunReport & { readonly gateway: string; readonly maxGateways: number };

function takeReport(channel: Channel, { gateway, maxGateways, revision, refused }: TakenReport): boolean {
  if (!isConnected(channel, gateway)) {
    const unnamed = [...channel.streams].find((stream) => stream.gateway === undefined);
    if (unnamed !== undefined) Object.assign(unnamed, { gateway, isIntroducing: false });
  }
  const before = channel.gateways.get(gateway);
  channel.gateways.delete(gateway);
  channel.gateways.set(gateway, { revision, refused });
  forgetOldest(channel, maxGateways);
  wake(channel);
  return before?.revision !== revision || before.refused?.revision !== refused?.revision;
}

/** A map keeps the order in which its keys were set, so the first are those that reported longest ago. */
function forgetOldest(channel: Channel, maxGateways: number): void {
  if (channel.gateways.size <= maxGateways) return;
  const oldest = [...channel.gateways.keys()].find((name) => !isConnected(channel, name));
  if (oldest !== undefined) channel.gateways.delete(oldest);
}

/** A gateway that refused the revision has answered for it too: waiting longer would not change its mind. */
function lateGateways(channel: Channel, revision: number): readonly string[] {
  return connectedTo(channel)
    .filter((name) => {
      const { revision: served = 0, refused } = channel.gateways.get(name) ?? {};
      return Math.max(served, refused?.revision ?? 0) < wantedOf(channel, name, revision);
    })
    .sort();
}

/** What that gateway has to run when the environment is at `revision`: less, where it does not try the newest. */
function wantedOf({ newest }: Channel, gateway: string, revision: number): number {
  return newest?.kind === "delivery" ? Math.min(revision, newest.delivery.snapshotFor(gateway).snapshot.revision) : revision;
}
