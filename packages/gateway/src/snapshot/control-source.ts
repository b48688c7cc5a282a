import { setTimeout as sleep } from "node:timers/promises";
import type { DeliveredTransaction, GatewayReport } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";
import { version } from "../version.ts";
import { type BackOff, createBackOff } from "./back-off.ts";
import { ControlClient, isSilence, maxSnapshotBytes } from "./control-client.ts";
import { type ClockReading, controlClock } from "./control-clock.ts";
import { ControlRefusal } from "./control-refusal.ts";
import { type ControlTiming, defaultTiming } from "./control-timing.ts";
import { isLoopback, parseControlUrls } from "./control-urls.ts";
import { readEvents } from "./event-stream.ts";
import type { BatchAnswer, EventBatch, Offered, SnapshotSink, SnapshotSource } from "./source.ts";
import { TransactionQueue } from "./transaction-queue.ts";

export type ControlSourceOptions = {
  /** `http://host:port`, with a path in front of `/v1` if there is one. Several with commas: nodes of one control plane, of which one is followed. */
  readonly url: string;
  readonly organization: string;
  readonly environment: string;
  /** Names this gateway to control; unique within the environment. */
  readonly gatewayId: string;
  /** The gateway's key, asked for each request. It is sent over TLS or on this machine's loopback only. */
  readonly token?: (() => string) | undefined;
  readonly timing?: Partial<ControlTiming>;
  /** From 0 to 1; spreads the reconnects of a fleet. */
  readonly random?: () => number;
};

/**
 * Snapshots from the control plane: by its event stream, and by long polling where a stream does not come through. When a node of control is lost, the
 * next one is tried. When none answers the gateway goes on with what it has, and the source comes back by itself. After each offer it tells control what runs here.
 *
 * Errors: `GATEWAY_CONTROL_URL_INVALID` and `GATEWAY_CONTROL_UNPROTECTED`, at once. Nothing later: what goes wrong then is a notice.
 */
export function controlSource(options: ControlSourceOptions): SnapshotSource {
  const urls = parseControlUrls(options.url);
  if (options.token !== undefined) urls.forEach(requireProtected);
  let follower: Follower | undefined;
  return {
    async open(sink) {
      follower = new Follower({ ...options, urls }, sink);
    },
    deliver: (transaction) => follower?.deliver(transaction),
    async sendEvents(batch) {
      if (follower === undefined) throw new Error("Control is not followed");
      return follower.sendEvents(batch);
    },
    async close() {
      await follower?.close();
      follower = undefined;
    },
  };
}

/** Without TLS a key is readable for everybody on the way; on this machine's own loopback there is no way. */
function requireProtected(url: URL): void {
  const { protocol, origin } = url;
  if (protocol === "https:" || isLoopback(url)) return;
  throw new GatewayError(
    "GATEWAY_CONTROL_UNPROTECTED",
    `Control URL: expected https for a key to be sent to, received ${escapeText(origin)}`,
  );
}

type FollowerOptions = Omit<ControlSourceOptions, "url"> & { readonly urls: readonly [URL, ...URL[]] };

/** Follows one environment of one control plane until it is closed. */
class Follower {
  readonly #sink: SnapshotSink;
  readonly #timing: ControlTiming;
  readonly #clients: readonly ControlClient[];
  /** The node that is followed, or tried. */
  #client: ControlClient;
  /** Nodes that were tried in a row without success. */
  #failures = 0;
  readonly #backOff: BackOff;
  /** How long polls go on before the stream is tried again. */
  readonly #streamRetry: BackOff;
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;
  /** How snapshots come, while they do. */
  #way: "stream" | "poll" | undefined;
  #isLost = false;
  #outcome: Outcome | undefined;
  #isReportDue = false;
  #isReporting = false;
  readonly #readClock: (reading: ClockReading) => void;
  readonly #transactions: TransactionQueue;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: FollowerOptions, sink: SnapshotSink) {
    this.#sink = sink;
    this.#timing = { ...defaultTiming, ...options.timing };
    const { signal } = this.#closing;
    const { requestTimeoutMs } = this.#timing;
    const [first, ...others] = options.urls;
    this.#client = new ControlClient({ ...options, url: first }, { signal, requestTimeoutMs });
    this.#clients = [this.#client, ...others.map((url) => new ControlClient({ ...options, url }, { signal, requestTimeoutMs }))];
    const { minReconnectMs, maxReconnectMs, minStreamRetryMs, maxStreamRetryMs } = this.#timing;
    const { random = Math.random } = options;
    this.#backOff = createBackOff({ minMs: minReconnectMs, maxMs: maxReconnectMs, random });
    this.#streamRetry = createBackOff({ minMs: minStreamRetryMs, maxMs: maxStreamRetryMs, random });
    this.#readClock = controlClock((notice) => sink.notify(notice));
    this.#transactions = new TransactionQueue({
      send: (transactions) => this.#client.deliver(transactions),
      onLost: (why) => this.#transactionsLost(why),
    });
    this.#heartbeat = setInterval(() => this.#way !== undefined && void this.#sendReports(), this.#timing.reportIntervalMs);
    this.#following = this.#follow();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#heartbeat);
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#following;
  }

  /** Sends on what a debug session recorded. */
  deliver(transaction: DeliveredTransaction): void {
    this.#transactions.add(transaction);
  }

  /** To the node that is followed, or tried. */
  sendEvents(batch: EventBatch): Promise<BatchAnswer> {
    return this.#client.sendEvents(batch);
  }

  #transactionsLost(why: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#sink.notify({
      level: "warning",
      code: "DEBUG_TRANSACTION_LOST",
      message: `What a debug session recorded did not reach control: ${messageOf(why)}`,
    });
  }

  /** One node after the other, with a pause between any two: one that takes the connection and drops it costs no more than one that does not. */
  async #follow(): Promise<void> {
    for (let place = 0; !this.#closing.signal.aborted; place = (place + 1) % this.#clients.length) {
      this.#client = this.#clients[place] ?? this.#client;
      let leastMs = 0;
      try {
        for (;;) {
          await this.#followEvents();
          await this.#followPolls(performance.now() + this.#streamRetry.next());
        }
      } catch (error) {
        this.#lost(error);
        if (error instanceof ControlRefusal) leastMs = this.#timing.refusedWaitMs;
      }
      await sleep(Math.max(this.#backOff.next(), leastMs), undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  /**
   * Ends by an error, or when no stream comes through. One that falls silent may be held back by something in between: polls find out whether control is there.
   */
  async #followEvents(): Promise<void> {
    const { silenceTimeoutMs, firstEventTimeoutMs } = this.#timing;
    const events = await this.#client.events(silenceTimeoutMs);
    if (events === undefined) return;
    const startedAtMs = performance.now();
    let isSilent = false;
    const timer = setTimeout(() => {
      isSilent = true;
      events.destroy();
    }, firstEventTimeoutMs);
    try {
      for await (const { event, data } of readEvents(events, maxSnapshotBytes)) {
        clearTimeout(timer);
        if (event === "snapshot") await this.#offer(data, "stream");
      }
    } catch (error) {
      if (!isSilent && !isSilence(error)) throw error;
      // it came through for a while: what has cut it off may be over soon
      if (performance.now() - startedAtMs > 2 * silenceTimeoutMs) this.#streamRetry.reset();
      return;
    } finally {
      clearTimeout(timer);
    }
    if (!isSilent) throw new Error("Control ended the event stream");
  }

  /** Ends by an error, or when it is time to try the stream again. */
  async #followPolls(untilMs: number): Promise<void> {
    const { pollWaitMs: waitMs, minPollIntervalMs, requestTimeoutMs: timeoutMs } = this.#timing;
    let etag: string | undefined;
    while (performance.now() < untilMs) {
      const startedAtMs = performance.now();
      // the first finds out whether control is there, and does not wait for something new
      const answer = await this.#client.poll({ etag, waitMs: etag === undefined ? 0 : waitMs, timeoutMs });
      if (answer.kind === "snapshot") {
        await this.#offer(answer.text, "poll");
        etag = answer.etag;
      }
      // Control that answers at once, although nothing has changed, must not be asked without a pause.
      const isTooSoon = performance.now() - startedAtMs < minPollIntervalMs;
      if (isTooSoon && (answer.kind === "unchanged" || etag === undefined))
        await sleep(minPollIntervalMs, undefined, { signal: this.#closing.signal });
    }
  }

  async #offer(text: string, how: "stream" | "poll"): Promise<void> {
    this.#connected(how);
    const json = parseJson(text);
    const offered = await this.#sink.offer(json);
    this.#outcome = outcomeOf(offered, json);
    void this.#sendReports();
  }

  /** One report at a time, and of several that wait only the last. */
  async #sendReports(): Promise<void> {
    this.#isReportDue = true;
    if (this.#isReporting) return;
    this.#isReporting = true;
    while (this.#isReportDue && this.#outcome !== undefined) {
      this.#isReportDue = false;
      try {
        this.#readClock(await this.#client.report(await this.#reportOf(this.#outcome)));
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        this.#sink.notify({
          level: "warning",
          code: "CONTROL_REPORT_FAILED",
          message: `Control was not told about the snapshot: ${messageOf(error)}`,
        });
      }
    }
    this.#isReporting = false;
  }

  async #reportOf(outcome: Outcome): Promise<GatewayReport> {
    const served = await this.#sink.served();
    if (served === undefined) return { ...outcome, version };
    const { servedForMs, before, current } = served;
    const counts = current.revision === outcome.revision ? { servedForMs, requests: current.requests, fallbacks: current.fallbacks } : {};
    return { ...outcome, version, ...counts, ...(before !== undefined && { before }) };
  }

  #connected(how: "stream" | "poll"): void {
    this.#backOff.reset();
    this.#failures = 0;
    if (this.#way === how) return;
    if (this.#way === undefined) this.#sink.control("connected");
    this.#way = how;
    this.#isLost = false;
    if (how === "stream") this.#sink.notify({ level: "info", code: "CONTROL_CONNECTED", message: "Following control by its event stream" });
    else
      this.#sink.notify({
        level: "warning",
        code: "CONTROL_POLLING",
        message: "Following control by polling: its event stream does not come through",
      });
  }

  /** Said once for each loss, not for each attempt, and only when no node is left to be tried. */
  #lost(error: unknown): void {
    this.#way = undefined;
    this.#failures += 1;
    if (this.#failures < this.#clients.length || this.#isLost || this.#closing.signal.aborted) return;
    this.#isLost = true;
    this.#sink.control("away");
    this.#sink.notify({ level: "warning", code: "CONTROL_LOST", message: `Control is away, trying again: ${messageOf(error)}` });
  }
}

/** What came of the last offer. */
type Outcome = Pick<GatewayReport, "revision" | "refused">;

function messageOf(error: unknown): string {
  const known = error instanceof AggregateError ? error.errors[0] : error;
  return escapeText(known instanceof Error ? known.message : String(known));
}

/** What is no JSON becomes `undefined`, which is no snapshot either and is refused as such. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function outcomeOf(offered: Offered, json: unknown): Outcome {
  if (offered.kind === "applied") return { revision: offered.revision };
  const revision =
    typeof json === "object" && json !== null && "revision" in json && Number.isInteger(json.revision) ? Number(json.revision) : 0;
  return { revision: offered.running, refused: { revision, issues: offered.issues } };
}
