import { createHash } from "node:crypto";
import { join } from "node:path";
import { makeFolder } from "@wherefrom/model";
import { readSealed, type SealedReading, writeSealed } from "./sealed-file.ts";

/** The largest snapshot that is kept. */
const MAX_SNAPSHOT_BYTES = 16_777_216;
const MAX_TRIAL_BYTES = 1_024;
const MAX_KEY_BYTES = 256;
const FOLDER_MODE = 0o700;
/** From one write to the next, unless it is urgent: where policies change many times a second, each write would cost more than all else of the change. */
const MIN_WRITE_INTERVAL_MS = 1_000;

/** A snapshot as it is kept: its JSON, and a name for exactly this content. */
export type KeptSnapshot = { readonly json: unknown; readonly digest: string };

/** How often a process has begun to run a snapshot that has not proven itself, and did not end in good order. */
export type Trial = { readonly digest: string; readonly starts: number };

/** What one gateway has kept. A file that is there and cannot be used stands in `faults`, and counts as absent. */
export type Kept = {
  /** What it ran last. */
  readonly current: KeptSnapshot | undefined;
  /** What it has run for long enough to trust. */
  readonly proven: KeptSnapshot | undefined;
  readonly trial: Trial | undefined;
  /** The public key that was pinned on first use. */
  readonly key: string | undefined;
  readonly faults: readonly string[];
};

/** Gives a snapshot its digest. The same content has the same one, whoever delivered it. */
export function keptSnapshot(json: unknown): KeptSnapshot {
  return {
    json,
    digest: createHash("sha256")
      .update(JSON.stringify(json) ?? "")
      .digest("hex"),
  };
}

/** What is to be kept from now on. What is left out stays as it is. */
type Changes = { current?: KeptSnapshot; proven?: KeptSnapshot; trial?: Trial; key?: string };

/**
 * The snapshots that one gateway keeps on disk: `NAME.current`, `NAME.proven` and `NAME.trial` in a folder, and `NAME.key`. Each is whole or as good as not there.
 * Not shared: two gateways need two names.
 */
export class SnapshotStore {
  readonly #folder: string;
  readonly #name: string;
  #changes: Changes = {};
  #writing: Promise<void> | undefined;
  #lastWriteAtMs = Number.NEGATIVE_INFINITY;
  #isUrgent = false;
  #hurry: () => void = () => undefined;

  constructor({ folder, name }: { readonly folder: string; readonly name: string }) {
    this.#folder = folder;
    this.#name = name;
  }

  /** Throws nothing: what cannot be read is a fault in the answer. */
  async read(): Promise<Kept> {
    const [current, proven, trial, key] = await Promise.all([
      readSealed(this.#path("current"), MAX_SNAPSHOT_BYTES),
      readSealed(this.#path("proven"), MAX_SNAPSHOT_BYTES),
      readSealed(this.#path("trial"), MAX_TRIAL_BYTES),
      readSealed(this.#path("key"), MAX_KEY_BYTES),
    ]);
    const faults = [this.#fault("current", current), this.#fault("proven", proven), this.#fault("trial", trial), this.#fault("key", key)];
    return {
      current: snapshotIn(current),
      proven: snapshotIn(proven),
      trial: trialIn(trial),
      key: key.kind === "text" ? key.text : undefined,
      faults: faults.filter((fault) => fault !== undefined),
    };
  }

  /**
   * Writes one change at a time, at once or within a second; of several that wait only the last. Resolves when it is written, or a later one is. Errors: those
   * of the file system.
   */
  save(changes: Changes, { isUrgent = false } = {}): Promise<void> {
    Object.assign(this.#changes, changes);
    if (isUrgent) this.#waitNoLonger();
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Resolves when everything is written, or could not be. */
  async settled(): Promise<void> {
    this.#waitNoLonger();
    await this.#writing?.catch(() => undefined);
  }

  /** Key and trial first: whoever finds the snapshot is to find what is known of it too. */
  async #write(): Promise<void> {
    makeFolder(this.#folder, FOLDER_MODE);
    while (Object.keys(this.#changes).length > 0) {
      await this.#pause();
      this.#lastWriteAtMs = performance.now();
      this.#isUrgent = false;
      const { key, trial, current, proven } = this.#changes;
      this.#changes = {};
      if (key !== undefined) await writeSealed(this.#path("key"), key);
      if (trial !== undefined) await writeSealed(this.#path("trial"), JSON.stringify(trial));
      if (current !== undefined) await writeSealed(this.#path("current"), JSON.stringify(current.json));
      if (proven !== undefined) await writeSealed(this.#path("proven"), JSON.stringify(proven.json));
    }
  }

  async #pause(): Promise<void> {
    const restMs = this.#lastWriteAtMs + MIN_WRITE_INTERVAL_MS - performance.now();
    if (restMs <= 0 || this.#isUrgent) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, restMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #waitNoLonger(): void {
    this.#isUrgent = true;
    this.#hurry();
  }

  #fault(what: string, reading: SealedReading): string | undefined {
    return reading.kind === "unusable" ? `${this.#path(what)}: ${reading.why}` : undefined;
  }

  #path(what: string): string {
    return join(this.#folder, `${this.#name}.${what}`);
  }
}

function snapshotIn(reading: SealedReading): KeptSnapshot | undefined {
  return reading.kind === "text" ? keptSnapshot(parseJson(reading.text)) : undefined;
}

function trialIn(reading: SealedReading): Trial | undefined {
  const json = reading.kind === "text" ? parseJson(reading.text) : undefined;
  if (typeof json !== "object" || json === null || !("digest" in json) || !("starts" in json)) return undefined;
  return typeof json.digest === "string" && Number.isInteger(json.starts)
    ? { digest: json.digest, starts: Number(json.starts) }
    : undefined;
}

/** What somebody else has sealed may be no JSON. Then it is `null`, which is no snapshot either and is refused as such. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
