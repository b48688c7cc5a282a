import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { access, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@wherefrom/model";
import type { WaitingBatch } from "./waiting-events.ts";

/** When it was written in milliseconds since 1970, by which run, which of its batches, how many events. */
const BATCH = /^(?<id>[0-9]{15}-[0-9a-f]{8}-[0-9]{8}-(?<events>[0-9]{1,9}))\.jsonl(?<claimed>\.sending)?$/;
const PART = /^[0-9]{15}-[0-9a-f]{8}-[0-9]{8}-[0-9]{1,9}\.jsonl\.part$/;
/** An unfinished batch that has not been touched for so long belongs to a process that is gone. */
const ABANDONED_AFTER_MS = 60_000;

/** Batches of one spool beside the limit in bytes: at two a second, more than a day of them. */
const MAX_BATCHES = 200_000;
/** Batches that somebody has taken and that are forgotten whenever one is added. */
const MAX_FORGOTTEN = 8;

/** Ends the name of a batch that is handed over right now: it is not removed for newer ones. */
export const claimedSuffix = ".sending";

/** What the name of a batch says of it. */
export type SpooledBatch = { readonly id: string; readonly events: number; readonly isClaimed: boolean };

/** `undefined` for what is no whole batch. */
export function batchNamed(name: string): SpooledBatch | undefined {
  const groups = BATCH.exec(name)?.groups;
  return groups && { id: groups["id"] ?? "", events: Number(groups["events"]), isClaimed: groups["claimed"] !== undefined };
}

type Batch = { readonly name: string; readonly bytes: number; readonly events: number };

/**
 * A folder of batches: `ID.jsonl` holds the events of one batch, a line each. A file of that name is whole and never changes, its id is never given
 * again, and whoever has dealt with it removes it, the oldest first; names sort by time. Who renames it to `ID.jsonl.sending` has it alone. The process that opened the spool adds batches and, when they are too many, removes the oldest.
 */
export class EventSpool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #run = randomBytes(4).toString("hex");
  /** Oldest first. Those that somebody has taken are among them until they are the oldest. */
  readonly #batches: Batch[] = [];
  #bytes = 0;
  #made = 0;

  /** Errors: those of the file system. */
  constructor(folder: string, { maxBytes, nowMs }: { readonly maxBytes: number; readonly nowMs: number }) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    makeFolder(folder, 0o700);
    for (const name of readdirSync(folder).sort()) {
      const place = join(folder, name);
      const stat = statSync(place, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (PART.test(name) && nowMs - stat.mtimeMs > ABANDONED_AFTER_MS) rmSync(place, { force: true });
      const batch = batchNamed(name);
      if (batch?.isClaimed === false) this.#note({ name, bytes: stat.size, events: batch.events });
    }
  }

  /** Adds a batch. When it resolves, the end of this process loses nothing of it. Errors: those of the file system; then there is no such batch. */
  async add({ lines, bytes, events }: WaitingBatch, nowMs: number): Promise<void> {
    const id = [digits(nowMs, 15), this.#run, digits(this.#made, 8), events].join("-");
    this.#made += 1;
    const name = `${id}.jsonl`;
    const place = join(this.#folder, name);
    try {
      await writeFile(`${place}.part`, lines.bytes.subarray(0, bytes), { mode: 0o600, flag: "wx" });
      await rename(`${place}.part`, place);
    } catch (error) {
      await rm(`${place}.part`, { force: true }).catch(() => undefined);
      throw error;
    }
    this.#note({ name, bytes, events });
  }

  /** Removes the oldest batches until the others fit, and says how many events nobody had taken. Errors: those of the file system. */
  async evict(): Promise<number> {
    await this.#forgetTaken();
    let evicted = 0;
    while (this.#bytes > this.#maxBytes || this.#batches.length > MAX_BATCHES) {
      const [oldest] = this.#batches;
      if (oldest === undefined) break;
      if (await remove(join(this.#folder, oldest.name))) evicted += oldest.events;
      this.#forgetOldest(oldest);
    }
    return evicted;
  }

  /** A few of the oldest, as somebody takes them about as fast as they come. */
  async #forgetTaken(): Promise<void> {
    for (let forgotten = 0; forgotten < MAX_FORGOTTEN; forgotten += 1) {
      const [oldest] = this.#batches;
      if (oldest === undefined || (await isThere(join(this.#folder, oldest.name)))) return;
      this.#forgetOldest(oldest);
    }
  }

  #forgetOldest({ bytes }: Batch): void {
    this.#batches.shift();
    this.#bytes -= bytes;
  }

  #note(batch: Batch): void {
    this.#batches.push(batch);
    this.#bytes += batch.bytes;
  }
}

function isThere(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}

/** Whether it was still there. */
async function remove(place: string): Promise<boolean> {
  try {
    await rm(place);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}
