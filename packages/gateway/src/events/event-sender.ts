import type { Dirent } from "node:fs";
import { readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { escapeText } from "wherefrom";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import { createBackOff } from "../snapshot/back-off.ts";
import { ControlRefusal } from "../snapshot/control-refusal.ts";
import type { BatchAnswer, EventBatch } from "../snapshot/source.ts";
import { batchNamed, claimedSuffix, type SpooledBatch } from "./event-spool.ts";

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
/** How long a sender that closes sends what is left. */
const MAX_LAST_MS = 1_000;

/** A batch where it is. */
type Placed = SpooledBatch & { readonly folder: string };

/** What may go wrong, each told of once until it goes right. */
type Trouble = "unsent" | "refused" | "unreadable";

/**
 * Hands the batches of a spool to control, the oldest first and one at a time. A batch is claimed before it is sent, so that a full spool does not lose what
 * control gets. It is removed when control has answered that it has it; one whose answer is lost is sent again by the same id. What is not sent stays in the
 * spool, which keeps its own bound.
 */
export class EventSender {
  readonly #parts: SenderParts;
  readonly #closing = new AbortController();
  readonly #sending: Promise<void>;
  #accepted = 0;
  #refused = 0;
  /** Batches that are dealt with and could not be removed: never sent again. */
  readonly #settled = new Set<string>();
  #told: Set<Trouble> = new Set();
  #ofThisRound: Set<Trouble> = new Set();

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#sending = this.#sendAll();
  }

  counts(): SentCounts {
    return { accepted: this.#accepted, refused: this.#refused };
  }

  /** Sends what is left, for a second at the most. The rest stays where it is, a batch under way too. */
  async close(): Promise<void> {
    this.#closing.abort();
    const timeout = new AbortController();
    const late = sleep(MAX_LAST_MS, undefined, { signal: timeout.signal }).catch(() => undefined);
    await Promise.race([this.#sending.then(() => this.#sendRound(timeout.signal)), late]);
    timeout.abort();
  }

  async #sendAll(): Promise<void> {
    const { eventIntervalMs, maxEventPauseMs } = this.#parts.limits;
    const backOff = createBackOff({ minMs: MIN_PAUSE_MS, maxMs: maxEventPauseMs, random: this.#parts.random });
    while (!this.#isClosing) {
      let pauseMs = eventIntervalMs;
      const fault = await this.#sendRound(this.#closing.signal);
      if (fault === undefined) backOff.reset();
      else pauseMs = fault instanceof ControlRefusal ? maxEventPauseMs : backOff.next();
      await sleep(pauseMs, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Sends all that is there, until it is told to stop or a batch does not get through; then it says why. */
  async #sendRound(stop: AbortSignal): Promise<unknown> {
    let fault: unknown;
    try {
      for (const batch of await this.#batches()) {
        if (stop.aborted) break;
        await this.#sendOne(batch);
      }
    } catch (error) {
      fault = error;
      this.#trouble("unsent", `are not sent to control and wait in their spool: ${reasonOf(error)}`);
    }
    this.#told = this.#ofThisRound;
    this.#ofThisRound = new Set();
    return fault;
  }

  /** Whole batches of the spool and of those of workers, the oldest first. */
  async #batches(): Promise<readonly Placed[]> {
    const { folder } = this.#parts;
    const entries = await this.#list(folder);
    const workers = entries.filter((entry) => entry.isDirectory() && WORKER_FOLDER.test(entry.name));
    const ofWorkers = await Promise.all(workers.map(({ name }) => this.#list(join(folder, name))));
    const batches = [entries, ...ofWorkers].flat().flatMap((entry): Placed[] => {
      const batch = entry.isFile() ? batchNamed(entry.name) : undefined;
      return batch === undefined ? [] : [{ ...batch, folder: entry.parentPath }];
    });
    return batches.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Nothing of a folder that cannot be read: the others go on. */
  async #list(folder: string): Promise<readonly Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      this.#trouble("unreadable", `cannot be listed: ${reasonOf(error)}`);
      return [];
    }
  }

  /** Errors: when control may take it another time. */
  async #sendOne(batch: Placed): Promise<void> {
    const { id, events } = batch;
    if (!this.#settled.has(id)) {
      const lines = await this.#claim(batch);
      if (lines === undefined) return;
      const answer = await this.#parts.send({ id, lines });
      this.#settled.add(id);
      if (answer.kind === "accepted") this.#accepted += events;
      else {
        this.#refused += events;
        this.#trouble("refused", `were refused by control and are lost, batch ${id}: ${escapeText(answer.why)}`);
      }
    }
    await this.#remove(batch);
  }

  /** The lines of a batch that is the sender's from here on. `undefined` when it is gone, and of one that cannot be read: it stays, and the next ones go on. */
  async #claim({ folder, id, isClaimed }: Placed): Promise<Uint8Array | undefined> {
    const place = join(folder, `${id}.jsonl`);
    try {
      const lines = await readFile(isClaimed ? place + claimedSuffix : place);
      if (!isClaimed) await rename(place, place + claimedSuffix);
      return lines;
    } catch (error) {
      // The spool was full, and its owner has removed and counted it.
      if (isGone(error)) return undefined;
      this.#trouble("unreadable", `cannot be read and stay where they are, batch ${id}: ${reasonOf(error)}`);
      return undefined;
    }
  }

  async #remove({ folder, id }: Placed): Promise<void> {
    try {
      // not `rm`, which costs three times as much and would be a tenth of what recording costs
      await unlink(join(folder, `${id}.jsonl${claimedSuffix}`));
      this.#settled.delete(id);
    } catch (error) {
      if (isGone(error)) this.#settled.delete(id);
      else this.#trouble("unreadable", `cannot be removed, batch ${id}: ${reasonOf(error)}`);
    }
  }

  #trouble(which: Trouble, what: string): void {
    this.#ofThisRound.add(which);
    if (this.#told.has(which) || this.#isClosing) return;
    this.#told.add(which);
    this.#parts.onNotice({ level: "warning", code: "EVENTS_NOT_SENT", message: `Events of ${escapeText(this.#parts.folder)} ${what}` });
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function reasonOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error));
}
