import { escapeText } from "wherefrom";
import { issueAt } from "../json-issue.ts";
import type { Notice } from "../notice.ts";
import type { SnapshotIssue } from "./issue.ts";
import type { SnapshotKeys } from "./snapshot-keys.ts";
import { type KeptSnapshot, keptSnapshot, SnapshotStore, type Trial } from "./snapshot-store.ts";
import { SnapshotTrust } from "./snapshot-trust.ts";
import type { ControlState, Offered, Served, SnapshotSink, SnapshotSource, SnapshotStanding } from "./source.ts";

export type KeptSourceOptions = {
  /** Where snapshots are kept, and under which name there; without it only in memory, which does not outlive the process. */
  readonly place?: { readonly folder: string; readonly name: string } | undefined;
  /** Whose snapshots they are. One of another environment is not served. */
  readonly organization?: string | undefined;
  readonly environment?: string | undefined;
  /** By whom they have to be signed, also those on disk. With keys a snapshot older than one that was used is refused. */
  readonly keys?: SnapshotKeys | undefined;
  readonly timing?: Partial<KeptTiming>;
};

export type KeptTiming = {
  /** How long the source may take for its first snapshot before a kept one is served. */
  readonly graceMs: number;
  /** How long a snapshot runs, without a process that dies, until it has proven itself. */
  readonly provenAfterMs: number;
};

const defaultTiming: KeptTiming = { graceMs: 3_000, provenAfterMs: 30_000 };

/** How often a process may die under a snapshot that has not proven itself. */
const MAX_DEATHS = 3;

/** A source that remembers. */
export type KeptSource = SnapshotSource & {
  /** Tells that a process that ran the newest snapshot has died. */
  died(): void;
};

/**
 * Puts a memory behind a source. The last good snapshot is kept on disk and served when the source has none to give at the start. A snapshot under
 * which the process dies again and again is withdrawn: the last one that has proven itself runs in its place until there is another to try.
 *
 * A process that begins to run a snapshot is counted as dead until it has ended in good order or the snapshot has proven itself: one that is killed
 * has no time to count itself.
 */
export function keptSource(source: SnapshotSource, options: KeptSourceOptions = {}): KeptSource {
  const keeper = new Keeper(options);
  return {
    async open(sink) {
      await keeper.open(sink);
      await source.open(keeper);
    },
    async close() {
      await source.close();
      await keeper.close();
    },
    ...(source.refresh !== undefined && {
      refresh: () => source.refresh?.() ?? Promise.reject(new Error("The source cannot be read again")),
    }),
    deliver: (transaction) => source.deliver?.(transaction),
    ...(source.sendEvents !== undefined && {
      sendEvents: (batch) => source.sendEvents?.(batch) ?? Promise.reject(new Error("The source takes no events")),
    }),
    died: () => keeper.died(),
  };
}

type Urgency = Parameters<SnapshotStore["save"]>[1];

type Running = { readonly snapshot: KeptSnapshot; readonly revision: number };

/** Stands between a source and the gateway. What comes from either is taken in turn. */
class Keeper implements SnapshotSink {
  readonly #trust: SnapshotTrust;
  readonly #timing: KeptTiming;
  readonly #store: SnapshotStore | undefined;
  #sink: SnapshotSink | undefined;
  #current: KeptSnapshot | undefined;
  #proven: KeptSnapshot | undefined;
  #trial: Trial | undefined;
  #running: Running | undefined;
  /** Of processes that ran it, since it runs. */
  #deaths = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #graceTimer: NodeJS.Timeout | undefined;
  #proofTimer: NodeJS.Timeout | undefined;
  #lastFault = "";

  constructor(options: KeptSourceOptions) {
    this.#trust = new SnapshotTrust(options);
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#store = options.place && new SnapshotStore(options.place);
  }

  async open(sink: SnapshotSink): Promise<void> {
    this.#sink = sink;
    if (this.#store === undefined) return;
    const { current, proven, trial, key, faults } = await this.#store.read();
    this.#trust.pin(key);
    for (const fault of faults) this.#keptUnusable(escapeText(fault));
    this.#current = this.#usable(current);
    this.#proven = this.#usable(proven);
    this.#trial = trial;
    if (this.#current !== undefined) this.#trust.used(this.#current.json);
    this.#graceTimer = setTimeout(() => this.#serveKept(), this.#timing.graceMs);
  }

  async close(): Promise<void> {
    clearTimeout(this.#graceTimer);
    clearTimeout(this.#proofTimer);
    const trial = this.#trial;
    if (trial !== undefined && trial.starts > 0 && trial.digest === this.#running?.snapshot.digest)
      void this.#note({ ...trial, starts: 0 });
    await this.#store?.settled();
  }

  offer(json: unknown): Promise<Offered> {
    const newest = keptSnapshot(json);
    return this.#inTurn(
      async () => (await this.#refuseUntrusted(json)) ?? (await this.#withdrawIfUnstable(newest)) ?? (await this.#use(newest, "newest")),
    );
  }

  control(state: ControlState): void {
    this.#sink?.control(state);
    if (state === "away") this.#serveKept();
  }

  async served(): Promise<Served | undefined> {
    return this.#sink?.served();
  }

  notify(notice: Notice): void {
    this.#sink?.notify(notice);
  }

  died(): void {
    void this.#inTurn(async () => {
      const snapshot = this.#running?.snapshot;
      if (snapshot === undefined || snapshot.digest === this.#proven?.digest) return;
      this.#deaths += 1;
      this.#waitForProof(snapshot);
      if (this.#deaths >= MAX_DEATHS) await this.#note({ digest: snapshot.digest, starts: MAX_DEATHS }, { isUrgent: true });
      await this.#withdrawIfUnstable(snapshot);
    });
  }

  /** What was kept, when there is nothing else to run: the last one, or the proven one if that is unstable or not valid any more. */
  #serveKept(): void {
    void this.#inTurn(async () => {
      for (const kept of [this.#current, this.#proven]) {
        if (kept === undefined || this.#running !== undefined) continue;
        const offered = (await this.#withdrawIfUnstable(kept)) ?? (await this.#use(kept, "last-good"));
        if (offered.kind === "refused") continue;
        const message = `Snapshot ${offered.revision} is served from disk, because there is nothing newer to have`;
        this.#warn("SNAPSHOT_KEPT_SERVED", message);
      }
    });
  }

  /** Refuses what does not come from control, or is of another time or place. `undefined` when it may be used. */
  async #refuseUntrusted(json: unknown): Promise<Offered | undefined> {
    const known = this.#trust.pinned;
    const fault = this.#trust.faultOfNewest(json);
    if (fault !== undefined) {
      this.#warn("SNAPSHOT_UNTRUSTED", `A snapshot was refused: ${fault.message} [${fault.code}]`);
      return { kind: "refused", issues: [fault], running: this.#running?.revision ?? 0 };
    }
    const { pinned } = this.#trust;
    if (pinned === undefined || pinned === known) return undefined;
    await this.#save({ key: pinned }, { isUrgent: true });
    this.notify({ level: "info", code: "SNAPSHOT_KEY_PINNED", message: `From now on only snapshots signed by ${pinned} are taken` });
    return undefined;
  }

  async #use(snapshot: KeptSnapshot, standing: SnapshotStanding): Promise<Offered> {
    const { digest } = snapshot;
    const isOther = digest !== this.#running?.snapshot.digest;
    const isOnTrial = isOther && digest !== this.#proven?.digest;
    // Before the first, so that a process that dies of it at once has left a trace.
    if (isOnTrial && this.#running === undefined) await this.#begin(digest, { isUrgent: true });
    const offered = await this.#offer(snapshot, standing);
    if (offered.kind === "refused" || !isOther) return offered;
    this.#trust.used(snapshot.json);
    if (isOnTrial && this.#trial?.digest !== digest) void this.#begin(digest);
    this.#keep(snapshot);
    this.#waitForProof(snapshot);
    return offered;
  }

  async #offer(snapshot: KeptSnapshot, standing: SnapshotStanding): Promise<Offered> {
    if (this.#sink === undefined) throw new Error("A snapshot was offered to a source that is not open");
    const offered = await this.#sink.offer(snapshot.json, standing);
    if (offered.kind === "refused") return offered;
    if (this.#running?.snapshot.digest !== snapshot.digest) this.#deaths = 0;
    this.#running = { snapshot, revision: offered.revision };
    return offered;
  }

  /** Runs the proven snapshot in place of one under which processes die, and says so. `undefined` when there is no cause or no other to run. */
  async #withdrawIfUnstable(snapshot: KeptSnapshot): Promise<Offered | undefined> {
    const proven = this.#proven;
    const isUnstable = this.#trial?.digest === snapshot.digest && this.#trial.starts >= MAX_DEATHS;
    if (!isUnstable || proven === undefined || proven.digest === snapshot.digest) return undefined;
    const isNew = this.#running?.snapshot.digest !== proven.digest;
    const offered = await this.#offer(proven, "proven");
    if (offered.kind === "refused") return undefined;
    clearTimeout(this.#proofTimer);
    const issue = unstable(snapshot.json);
    if (isNew) this.#warn("SNAPSHOT_WITHDRAWN", `A snapshot was withdrawn, and ${offered.revision} runs in its place: ${issue.message}`);
    return { kind: "refused", issues: [issue], running: offered.revision };
  }

  async #begin(digest: string, options?: Urgency): Promise<void> {
    const starts = this.#trial?.digest === digest ? this.#trial.starts : 0;
    await this.#note({ digest, starts: starts + 1 }, options);
  }

  async #note(trial: Trial, options?: Urgency): Promise<void> {
    this.#trial = trial;
    await this.#save({ trial }, options);
  }

  #keep(snapshot: KeptSnapshot): void {
    if (snapshot.digest === this.#current?.digest) return;
    this.#current = snapshot;
    void this.#save({ current: snapshot });
  }

  #waitForProof(snapshot: KeptSnapshot): void {
    clearTimeout(this.#proofTimer);
    if (snapshot.digest === this.#proven?.digest) return;
    this.#proofTimer = setTimeout(() => {
      this.#proven = snapshot;
      this.#trial = { digest: snapshot.digest, starts: 0 };
      void this.#save({ proven: snapshot, trial: this.#trial });
    }, this.#timing.provenAfterMs);
  }

  /** A gateway whose disk is full or read-only goes on, and says so once. */
  async #save(changes: Parameters<SnapshotStore["save"]>[0], options?: Urgency): Promise<void> {
    try {
      await this.#store?.save(changes, options);
      this.#lastFault = "";
    } catch (error) {
      const fault = escapeText(error instanceof Error ? error.message : String(error));
      if (fault !== this.#lastFault) this.#warn("SNAPSHOT_NOT_KEPT", `A snapshot is not kept on disk: ${fault}`);
      this.#lastFault = fault;
    }
  }

  /** What was kept, if it may be used. */
  #usable(kept: KeptSnapshot | undefined): KeptSnapshot | undefined {
    const fault = kept && this.#trust.faultOf(kept.json);
    if (fault === undefined) return kept;
    this.#keptUnusable(`${fault.message} [${fault.code}]`);
    return undefined;
  }

  #keptUnusable(why: string): void {
    this.#warn("SNAPSHOT_KEPT_UNUSABLE", `What was kept of a snapshot is not used: ${why}`);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #warn(code: Notice["code"], message: string): void {
    this.notify({ level: "warning", code, message });
  }
}

function unstable(json: unknown): SnapshotIssue {
  const expected = `Expected a snapshot under which fewer than ${MAX_DEATHS} processes die before it has proven itself`;
  return issueAt({ json, path: ["revision"], code: "SNAPSHOT_UNSTABLE", expected });
}
