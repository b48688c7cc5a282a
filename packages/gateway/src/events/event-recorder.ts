import { setTimeout as sleep } from "node:timers/promises";
import { maxEventBatchBytes } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import { maxFieldLength, printable } from "../access-log/printable.ts";
import { GatewayError } from "../errors.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import type { ExchangeRecord } from "../record/exchange-record.ts";
import type { CompiledSnapshot } from "../snapshot/compile.ts";
import { type EndedExchange, type EventWriterOptions, eventWriter } from "./event-line.ts";
import type { EventOptions } from "./event-options.ts";
import { EventSpool } from "./event-spool.ts";

/**
 * How many exchanges were told: all of them are `recorded` (in the spool), `sampled` (left out by the sample rate), `dropped` or `waiting`. `evicted` are events, of earlier runs too, that
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

/** Exchanges are kept as they are until there are so many, and then made lines in one go. */
const MAX_UNFORMATTED = 256;

/** One event for each exchange that is over, in batches in a spool. No exchange waits for it: what cannot be written and not be kept is dropped and counted. */
export class EventRecorder {
  readonly #context: EventContext;
  readonly #lineOf: (ended: EndedExchange) => string;
  readonly #folder: string;
  readonly #sampleRate: number;
  readonly #spool: EventSpool;
  readonly #timer: NodeJS.Timeout;
  #ended: EndedExchange[] = [];
  #lines: string[] = [];
  #lineBytes = 0;
  /** Events of the batches that are being written. */
  #underWay = 0;
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
    this.#lineOf = eventWriter({ gateway: printable(context.gateway, maxFieldLength), sampleRate, placeOf });
    this.#folder = escapeText(folder);
    this.#sampleRate = sampleRate;
    try {
      this.#spool = new EventSpool(folder, { maxBytes: context.limits.maxEventSpoolBytes, nowMs: context.now() });
    } catch (error) {
      throw new GatewayError("GATEWAY_EVENTS_UNWRITABLE", `Folder for events ${this.#folder} cannot be used: ${reasonOf(error)}`);
    }
    this.#timer = setInterval(() => this.#flush(), context.limits.eventIntervalMs);
    this.#timer.unref();
  }

  counts(): EventCounts {
    const waiting = this.#ended.length + this.#lines.length + this.#underWay;
    return { recorded: this.#recorded, sampled: this.#sampled, dropped: this.#dropped, waiting, evicted: this.#evicted };
  }

  take(record: ExchangeRecord, snapshot: CompiledSnapshot): void {
    if (this.#sampleRate < 1 && this.#context.random() >= this.#sampleRate) {
      this.#sampled += 1;
      return;
    }
    this.#ended.push({ record, snapshot, endedAtMs: this.#context.now() });
    if (this.#ended.length >= MAX_UNFORMATTED) this.#format();
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
    this.#dropped += this.#lines.length;
    this.#lines = [];
  }

  /** The batch under way, and then the last. */
  async #writeRest(): Promise<void> {
    await this.#writing;
    this.#flush();
    await this.#writing;
  }

  #format(): void {
    const ended = this.#ended;
    this.#ended = [];
    for (const exchange of ended) {
      const line = this.#lineOf(exchange);
      if (this.#lineBytes + line.length > this.#context.limits.maxWaitingEventBytes) {
        this.#dropped += 1;
        this.#trouble("is written too slowly: events are dropped");
      } else {
        this.#lineBytes += line.length;
        this.#lines.push(line);
      }
    }
  }

  /** Lines that come meanwhile wait for the next batch. */
  #flush(): void {
    this.#format();
    if (this.#isWriting || this.#lines.length === 0) return;
    const batches = inBatches(this.#lines);
    this.#underWay = this.#lines.length;
    this.#lines = [];
    this.#isWriting = true;
    this.#writing = this.#writeAll(batches).then((unwritten) => {
      this.#isWriting = false;
      if (unwritten.length > 0) this.#lines = [...unwritten.flatMap(({ lines }) => lines), ...this.#lines];
      this.#underWay = 0;
    });
  }

  /** One after another until one cannot be written, and says which are left. */
  async #writeAll(batches: readonly Batch[]): Promise<readonly Batch[]> {
    for (const [index, { lines, bytes }] of batches.entries()) {
      if (!(await this.#write(lines))) return batches.slice(index);
      this.#lineBytes -= bytes;
    }
    return [];
  }

  async #write(lines: readonly string[]): Promise<boolean> {
    try {
      await this.#spool.add(lines, this.#context.now());
    } catch (error) {
      this.#trouble(`cannot be written: ${reasonOf(error)}`);
      return false;
    }
    this.#underWay -= lines.length;
    this.#recorded += lines.length;
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

type Batch = { readonly lines: string[]; bytes: number };

/** Each as large as control takes it. A line is shorter than that, and has a byte a character. */
function inBatches(lines: readonly string[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const line of lines) {
    const last = batches.at(-1);
    if (last === undefined || last.bytes + line.length > maxEventBatchBytes) batches.push({ lines: [line], bytes: line.length });
    else {
      last.lines.push(line);
      last.bytes += line.length;
    }
  }
  return batches;
}

function reasonOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error));
}
