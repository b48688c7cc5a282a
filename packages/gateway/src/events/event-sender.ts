import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { escapeText } from "wherefrom";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import { createBackOff } from "../snapshot/back-off.ts";
import { ControlRefusal } from "../snapshot/control-refusal.ts";
import type { BatchAnswer, EventBatch } from "../snapshot/source.ts";
import { eventsOfBatch } from "./event-spool.ts";

/** Events that control has, and those that it will never take: they are gone. */
export type SentCounts = { readonly accepted: number; readonly refused: number };

type SenderParts = {
  /** A spool, or a folder of the spools of workers. */
  readonly folder: string;
  /** Rejects when control may take the batch another time. */
  readonly send: (batch: EventBatch) => Promise<BatchAnswer>;
  readonly limits: GatewayLimits;
  readonly onNotice: (notice: Notice) => void;
  /** From 0 to 1; spreads the attempts of a fleet. */
  readonly random: () => number;
};

/** Of a worker. One that is not there any more may have left batches. */
const WORKER_FOLDER = /^[0-9]{1,4}$/;

/** First pause after a batch did not get through; the longest is `maxEventPauseMs`. */
const MIN_PAUSE_MS = 200;

/**
 * Hands the batches of a spool to control, the oldest first and one at a time. A batch is removed when control has answered that it has it; one whose
 * answer is lost is sent again by the same id. What is not sent stays in the spool, which keeps its own bound.
 */
export class EventSender {
  readonly #parts: SenderParts;
  readonly #closing = new AbortController();
  readonly #sending: Promise<void>;
  #accepted = 0;
  #refused = 0;
  #isTroubled = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#sending = this.#sendAll();
  }

  counts(): SentCounts {
    return { accepted: this.#accepted, refused: this.#refused };
  }

  /** A batch under way is not waited for longer than `send` takes to give up; it stays where it is. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    const { eventIntervalMs, maxEventPauseMs } = this.#parts.limits;
    const backOff = createBackOff({ minMs: MIN_PAUSE_MS, maxMs: maxEventPauseMs, random: this.#parts.random });
    while (!this.#isClosing) {
      let pauseMs = eventIntervalMs;
      try {
        for (const place of await this.#batches()) {
          if (this.#isClosing) return;
          await this.#sendOne(place);
          backOff.reset();
        }
        this.#isTroubled = false;
      } catch (error) {
        this.#trouble(`are not sent to control and wait in their spool: ${reasonOf(error)}`);
        pauseMs = error instanceof ControlRefusal ? maxEventPauseMs : backOff.next();
      }
      await sleep(pauseMs, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Whole batches of the spool and of those of workers, the oldest first. Errors: those of the file system. */
  async #batches(): Promise<readonly { readonly folder: string; readonly id: string }[]> {
    const { folder } = this.#parts;
    const entries = await readdir(folder, { withFileTypes: true });
    const spools = [
      folder,
      ...entries.filter((entry) => entry.isDirectory() && WORKER_FOLDER.test(entry.name)).map(({ name }) => join(folder, name)),
    ];
    const lists = await Promise.all(spools.map(async (spool) => (await readdir(spool)).map((name) => ({ folder: spool, name }))));
    return lists
      .flat()
      .filter(({ name }) => eventsOfBatch(name) !== undefined)
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((batch) => ({ folder: batch.folder, id: batch.name.slice(0, -".jsonl".length) }));
  }

  /** Errors: when control may take it another time, or the file cannot be removed. */
  async #sendOne({ folder, id }: { readonly folder: string; readonly id: string }): Promise<void> {
    const place = join(folder, `${id}.jsonl`);
    const lines = await readOrGone(place);
    // The spool was full, and its owner has removed and counted it.
    if (lines === undefined) return;
    const answer = await this.#parts.send({ id, lines });
    const events = eventsOfBatch(`${id}.jsonl`) ?? 0;
    if (answer.kind === "accepted") this.#accepted += events;
    else {
      this.#refused += events;
      this.#trouble(`were refused by control and are lost, batch ${id}: ${escapeText(answer.why)}`);
    }
    await rm(place, { force: true });
  }

  /** Said once until everything gets through. */
  #trouble(what: string): void {
    if (this.#isTroubled || this.#isClosing) return;
    this.#isTroubled = true;
    this.#parts.onNotice({ level: "warning", code: "EVENTS_NOT_SENT", message: `Events of ${escapeText(this.#parts.folder)} ${what}` });
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }
}

async function readOrGone(place: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error));
}
