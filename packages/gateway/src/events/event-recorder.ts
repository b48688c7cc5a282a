import { setTimeout as sleep } from "node:timers/promises";
import { escapeText } from "wherefrom";
import { maxFieldLength, printable } from "../access-log/printable.ts";
import { GatewayError } from "../errors.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import type { AsciiWriter } from "../record/ascii-writer.ts";
import type { EndedExchange, RecordTaker } from "../record/record-queue.ts";
import { type EventWriterOptions, eventWriter } from "./event-line.ts";
import type { EventOptions } from "./event-options.ts";
import { EventSpool } from "./event-spool.ts";
import { type WaitingBatch, WaitingEvents } from "./waiting-events.ts";

/**
 * How many requests of clients were told: all of them are `recorded` (in the spool), `sampled` (left out by the sample rate), `dropped` or `waiting`. `evicted` are events, of earlier runs too, that
 * were in the spool and were removed for newer ones before anybody took them.
 */
export type EventCounts = {
  readonly recorded: number;
  readonly sampled: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly evicted: number;
};

type EventContext = {
  /** The name that this gateway goes by. */
  readonly gateway: string;
  readonly limits: GatewayLimits;
  readonly onNotice: (notice: Notice) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly placeOf: EventWriterOptions["placeOf"];
};

/** One event for each request of a client that is over, in batches in a spool. No exchange waits for it: what cannot be written and not be kept is dropped and counted. */
export class EventRecorder implements RecordTaker {
  readonly #context: EventContext;
  readonly #write: (ended: EndedExchange, line: AsciiWriter) => void;
  readonly #folder: string;
  readonly #sampleRate: number;
  readonly #spool: EventSpool;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting: WaitingEvents;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #recorded = 0;
  #sampled = 0;
  #dropped = 0;
  #evicted = 0;
  #isTroubled = false;

  /** Errors: `GATEWAY_EVENTS_UNWRITABLE`. */
  constructor({ folder, sampleRate = 1 }: EventOptions, context: EventContext) {
    this.#context = context;
    const { placeOf } = context;
    this.#write = eventWriter({ gateway: printable(context.gateway, maxFieldLength), sampleRate, placeOf });
    this.#folder = escapeText(folder);
    this.#sampleRate = sampleRate;
    this.#waiting = new WaitingEvents(context.limits.maxWaitingEventBytes);
    try {
      this.#spool = new EventSpool(folder, { maxBytes: context.limits.maxEventSpoolBytes, nowMs: context.now() });
    } catch (error) {
      throw new GatewayError("GATEWAY_EVENTS_UNWRITABLE", `Folder for events ${this.#folder} cannot be used: ${reasonOf(error)}`);
    }
    this.#timer = setInterval(() => this.#flush(), context.limits.eventIntervalMs);
    this.#timer.unref();
  }

  counts(): EventCounts {
    const { events: waiting } = this.#waiting;
    return { recorded: this.#recorded, sampled: this.#sampled, dropped: this.#dropped, waiting, evicted: this.#evicted };
  }

  take(ended: EndedExchange): void {
    if (!ended.record.isClients) return;
    if (this.#sampleRate < 1 && this.#context.random() >= this.#sampleRate) {
      this.#sampled += 1;
      return;
    }
    let isTaken = false;
    try {
      isTaken = this.#waiting.add(ended, this.#write);
      if (!isTaken) this.#trouble("is written too slowly: events are dropped");
    } finally {
      if (!isTaken) this.#dropped += 1;
    }
  }

  /** Writes what waits. What cannot be written in time is dropped. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const written = this.#writeRest();
    const timeout = new AbortController();
    await Promise.race([
      written,
      sleep(this.#context.limits.accessLogTimeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
    this.#dropped += this.#waiting.clear();
  }

  /** The batch under way, and then the last. */
  async #writeRest(): Promise<void> {
    await this.#writing;
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#writeAll().finally(() => {
      this.#isWriting = false;
    });
  }

  /** One batch after another until one cannot be written; events that come meanwhile wait for the next time. */
  async #writeAll(): Promise<void> {
    if (!(await this.#writeClosed())) return;
    this.#waiting.closeNewest();
    await this.#writeClosed();
  }

  async #writeClosed(): Promise<boolean> {
    for (let batch = this.#waiting.oldestClosed(); batch !== undefined; batch = this.#waiting.oldestClosed()) {
      if (!(await this.#spoolOne(batch))) return false;
    }
    return true;
  }

  async #spoolOne(batch: WaitingBatch): Promise<boolean> {
    try {
      await this.#spool.add(batch, this.#context.now());
    } catch (error) {
      this.#trouble(`cannot be written: ${reasonOf(error)}`);
      return false;
    }
    // Otherwise it was given up meanwhile, and counted as such.
    if (!this.#waiting.remove(batch)) return false;
    this.#recorded += batch.events;
    await this.#makeRoom();
    return true;
  }

  async #makeRoom(): Promise<void> {
    try {
      const evicted = await this.#spool.evict();
      this.#evicted += evicted;
      if (evicted > 0) this.#trouble("is full: the oldest events were removed");
      else this.#isTroubled = false;
    } catch (error) {
      this.#trouble(`cannot be cleared: ${reasonOf(error)}`);
    }
  }

  /** Said once until a batch goes in without loss, not for each event. */
  #trouble(what: string): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#context.onNotice({ level: "warning", code: "EVENTS_LOST", message: `Spool of events ${this.#folder} ${what}` });
  }
}

function reasonOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error));
}
