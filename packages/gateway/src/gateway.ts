import type { Socket } from "node:net";
import { Endings } from "@wherefrom/model";
import { peerOfSocket } from "wherefrom/node";
import { AccessLog, type AccessLogCounts } from "./access-log/access-log.ts";
import type { AccessLogOptions } from "./access-log/access-log-options.ts";
import { type GatewaySubject, gatewaySubject } from "./admin/gateway-subject.ts";
import { GeoDatabases } from "./admit/geo-databases.ts";
import { Closing } from "./closing.ts";
import { Debugger } from "./debug/debugger.ts";
import type { EventWriterOptions } from "./events/event-line.ts";
import type { EventOptions } from "./events/event-options.ts";
import { type EventCounts, EventRecorder } from "./events/event-recorder.ts";
import { EventSender, type SentCounts } from "./events/event-sender.ts";
import { lastGoodLookup } from "./forward/connect/lookup.ts";
import type { TargetState } from "./forward/upstream.ts";
import { Upstreams } from "./forward/upstreams.ts";
import { Tunnels } from "./forward/websocket/tunnels.ts";
import { type GatewayLimits, withLimits } from "./limits.ts";
import type { ListeningAt } from "./listen/listen.ts";
import { type ListenerOptions, readListenerOptions } from "./listen/listener-options.ts";
import { Listeners, type Turn } from "./listen/listeners.ts";
import type { Notice } from "./notice.ts";
import { Overload, type OverloadState } from "./overload/overload.ts";
import { openProcessReader, type ProcessReader } from "./overload/readings.ts";
import type { ExchangeRecord } from "./record/exchange-record.ts";
import { dropRecord } from "./record/record.ts";
import { RecordQueue } from "./record/record-queue.ts";
import { Tally } from "./record/tally.ts";
import { tellRepeatedRarely } from "./repeated-notice.ts";
import type { Runtime } from "./runtime.ts";
import type { SignedHopOptions } from "./signed-hop/hop-options.ts";
import { openSignedHops } from "./signed-hop/open-hops.ts";
import type { HopMemory } from "./signed-hop/used-hops.ts";
import { RunningSnapshot } from "./snapshot/running-snapshot.ts";
import type { SnapshotSource } from "./snapshot/source.ts";

export type GatewayOptions = {
  /** Where to listen: `[{ port: 8080 }]` is enough for one place. */
  readonly listeners: readonly ListenerOptions[];
  readonly source: SnapshotSource;
  /** By what name this gateway goes in its access log and its events. */
  readonly id?: string;
  readonly limits?: Partial<GatewayLimits>;
  readonly signedHop?: SignedHopOptions;
  readonly accessLog?: AccessLogOptions;
  /** Where an event for each exchange is spooled. */
  readonly events?: EventOptions;
  /** MMDB files in which security actions look up countries and autonomous systems; read once. */
  readonly geoDatabases?: readonly string[];
  /** The transport peer of a connection; `undefined` when there is none to know. The socket's remote address unless told otherwise. */
  readonly peerOf?: (socket: Socket) => string | undefined;
  /** What measures the process, for who wants to be told otherwise. This process unless given. */
  readonly processReader?: ProcessReader;
  /** What TLS session tickets are sealed with, for processes that are to open each other's: 48 bytes. Each listener has its own unless given. */
  readonly ticketKeys?: Buffer;
  /** Who remembers used signed hops. This process unless given. */
  readonly hopMemory?: HopMemory;
  /** Gets the record of every exchange after its answer. It must return at once; what it throws is dropped. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  readonly onNotice?: (notice: Notice) => void;
  /** Notices that somebody else gives for this gateway, and counts: it does neither. */
  readonly toldElsewhere?: ReadonlySet<Notice["code"]>;
};

/** A running gateway. */
export type Gateway = GatewaySubject & {
  /** Of the first listener: `http://host:port` with the port that was taken, or `unix:path`. */
  readonly url: string;
  /** Where it listens, in the order of the options. */
  readonly listeners: readonly ListeningAt[];
  /** Of the snapshot that new requests run by. */
  revision(): number;
  /** How each target of that snapshot does, as this gateway sees it. */
  targetStates(): readonly TargetState[];
  /** What it gives up because it has too much to do, and how near it is to its limits. */
  overloadState(): OverloadState;
  /** `undefined` when there is no access log. */
  accessLogCounts(): AccessLogCounts | undefined;
  /** `undefined` when no events are recorded. */
  eventCounts(): EventCounts | undefined;
  /** `undefined` when no events are sent to control. */
  sentCounts(): SentCounts | undefined;
  /** Opens the access log's file anew, for who has moved the old one away. */
  reopenAccessLog(): void;
  /** Reads the certificates of all listeners again, for new connections. One that cannot be used changes nothing but for a notice. */
  refreshCertificates(): Promise<void>;
  /**
   * Takes no new connection from now on, and is to be closed next. Nobody is told yet to go elsewhere: where several take turns, all have to stop first. `turn`
   * is for one to which another process hands its connections over.
   */
  stopListening(turn?: Turn): Promise<void>;
  /** How long `close` takes at most, but for what the system itself takes to close a file or a connection. */
  readonly closesWithinMs: number;
  /**
   * Is not ready from now on, but goes on for `preStopDelayMs`. Then takes no new connection, lets requests in flight finish and WebSockets end, and after
   * `drainTimeoutMs` cuts the rest. Called again, it is the same closing.
   */
  close(): Promise<void>;
};

/**
 * Opens a gateway. Resolves when it listens and has its first snapshot; it never listens without one.
 *
 * Errors: `GatewayError`, with nothing left open: for the limits, the listeners, geo databases, signed hops, the access log and the spool of events, for the snapshot (none within `firstSnapshotTimeoutMs`, or a file that is not valid), for a place or a certificate that cannot be had.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { source } = options;
  const tally = new Tally();
  const onNotice = quiet(options.onNotice, { tally, toldElsewhere: options.toldElsewhere });
  const limits = withLimits(options.limits ?? {});
  const settings = readListenerOptions(options.listeners);
  const hasGeo = (options.geoDatabases ?? []).length > 0;
  const geo = new GeoDatabases(options.geoDatabases ?? []);
  const hopContext = { limits, onNotice, now: Date.now, env: process.env, memory: options.hopMemory };
  const signedHops = await openSignedHops(options.signedHop, hopContext);
  const accessLog = openAccessLog(options, { limits, onNotice });
  const events = await openEvents(options, { limits, onNotice, placeOf: hasGeo ? (ip) => geo.placeOf(ip) : undefined }).catch(
    async (error: unknown) => {
      await accessLog?.close();
      throw error;
    },
  );
  const takers = [accessLog, events].filter((taker) => taker !== undefined);
  const onFailed = (error: unknown): void => dropRecord(error, { onNotice, tally });
  const records = takers.length === 0 ? undefined : new RecordQueue({ takers, now: Date.now, onFailed });
  const now = (): number => performance.now();
  const lookup = lastGoodLookup({ maxAgeMs: limits.maxAddressAgeMs, maxNames: limits.maxAddressNames, now });
  const upstreams = new Upstreams({ limits, lookup, onNotice });
  const tunnels = new Tunnels(limits);
  const overload = new Overload({ limits, onNotice, reader: options.processReader ?? openProcessReader() });
  const endings = new Endings({ wall: Date.now, steady: now });
  const running = new RunningSnapshot(upstreams, { onNotice, now, tally, endings, hasGeo });
  const runtime: Runtime = {
    limits,
    upstreams,
    tunnels,
    overload,
    tally,
    debug: new Debugger((transaction) => source.deliver?.(transaction), { nowMs: Date.now, endings }),
    endings,
    onNotice,
    peerOf: options.peerOf ?? peerOfSocket,
    placeOf: (ip) => geo.placeOf(ip),
    signedHops,
    ticketKeys: options.ticketKeys,
    accessLog,
    events,
    records,
    onExchange: options.onExchange,
    snapshot: () => running.current(),
    now,
    random: Math.random,
  };
  const listeners = new Listeners(runtime);
  let sender: EventSender | undefined;
  const shut = async (): Promise<void> => {
    overload.close();
    // In this order: who follows control until the last connection is taken never answers a new one by an old policy, and the last event is made by the last of them.
    await listeners.close();
    await upstreams.destroy();
    records?.flush();
    await Promise.all([accessLog?.close(), events?.close()]);
    await sender?.close();
    await source.close();
  };
  /** When it has been told of all that is over. */
  const told = <Taker>(taker: Taker): Taker => {
    records?.flush();
    return taker;
  };
  const sentCounts = (): SentCounts | undefined => sender?.counts();
  let listening: readonly ListeningAt[];
  try {
    // Faults of what this gateway was told itself come before a wait for somebody else.
    await listeners.prepare(settings);
    await source.open(running);
    await running.whenFirst(limits.firstSnapshotTimeoutMs);
    listening = await listeners.open();
    overload.watch(listeners);
    sender = openSender(options, { limits, onNotice });
  } catch (error) {
    await shut();
    throw error;
  }
  const closing = new Closing(shut, () => limits);
  return {
    url: listening[0]?.url ?? "",
    listeners: listening,
    revision: () => running.current().revision,
    targetStates: () => upstreams.states(),
    overloadState: () => overload.state(),
    ...gatewaySubject({ runtime, running, listeners, sentCounts, isDraining: () => closing.hasBegun }),
    eventCounts: () => told(events)?.counts(),
    sentCounts,
    accessLogCounts: () => told(accessLog)?.counts(),
    reopenAccessLog: () => told(accessLog)?.reopen(),
    refreshCertificates: () => listeners.refreshCertificates(),
    stopListening: (turn) => listeners.stop(turn),
    closesWithinMs: closing.withinMs,
    close: () => closing.begin(),
  };
}

const DEFAULT_ID = "gateway";

function openAccessLog(
  { accessLog, id: gateway = DEFAULT_ID }: GatewayOptions,
  { limits, onNotice }: Pick<Runtime, "limits" | "onNotice">,
): AccessLog | undefined {
  return accessLog && new AccessLog(accessLog, { gateway, limits, onNotice });
}

async function openEvents(
  { events, id: gateway = DEFAULT_ID }: GatewayOptions,
  { limits, onNotice, placeOf }: Pick<Runtime, "limits" | "onNotice"> & Pick<EventWriterOptions, "placeOf">,
): Promise<EventRecorder | undefined> {
  return events && new EventRecorder(events, { gateway, limits, onNotice, placeOf, now: Date.now, random: Math.random });
}

/** Only for a source that takes events; without one they stay in the spool for whoever ships them. */
export function openSender(
  { events, source }: Pick<GatewayOptions, "events" | "source">,
  { limits, onNotice }: Pick<Runtime, "limits" | "onNotice">,
): EventSender | undefined {
  if (events === undefined || source.sendEvents === undefined) return undefined;
  const send = source.sendEvents.bind(source);
  return new EventSender({ folder: events.folder, send, limits, onNotice, random: Math.random });
}

/** Counts notices, where there is somebody to, and tells those that come again and again rarely. */
export function quiet(
  onNotice: GatewayOptions["onNotice"],
  { tally, toldElsewhere }: { readonly tally?: Tally; readonly toldElsewhere?: GatewayOptions["toldElsewhere"] | undefined } = {},
): (notice: Notice) => void {
  const tell = tellRepeatedRarely(safely(onNotice));
  return (notice) => {
    if (toldElsewhere?.has(notice.code)) return;
    tally?.countNotice(notice.code);
    tell(notice);
  };
}

/** A listener that throws must not take a request with it. */
export function safely(onNotice: GatewayOptions["onNotice"]): (notice: Notice) => void {
  return (notice) => {
    try {
      onNotice?.(notice);
    } catch {
      // Its own fault, and there is nobody else to tell.
    }
  };
}
