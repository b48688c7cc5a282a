import type { Endings } from "@wherefrom/model";
import { GatewayError } from "../errors.ts";
import { describeIssues } from "../json-issue.ts";
import type { Notice } from "../notice.ts";
import type { RevisionTally } from "../record/revision-tally.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { Runtime } from "../runtime.ts";
import { type CompiledSnapshot, compileSnapshot, prepareSnapshot } from "./compile.ts";
import type { PreparedActions } from "./prepare-actions.ts";
import type { ControlState, Offered, Served, SnapshotSink, SnapshotStanding } from "./source.ts";

/** The snapshot that new requests run by, and since when, by `Runtime.now`. */
export type InUse = { readonly revision: number; readonly standing: SnapshotStanding; readonly sinceMs: number };

/** What has to follow the routes of the snapshot in use. */
type RoutesFollower = { keepOnly(routes: readonly CompiledRoute[]): void };

/** What has to know when its actions and sessions end. */
type EndingsFollower = Pick<Endings, "keepOnly">;

/** The snapshot in use. Swapped whole, in one step: an exchange has the old one or the new one, and no connection notices. */
export class RunningSnapshot implements SnapshotSink {
  readonly #upstreams: RoutesFollower;
  readonly #onNotice: (notice: Notice) => void;
  readonly #now: () => number;
  readonly #byRevision: RevisionTally;
  readonly #endings: EndingsFollower;
  readonly #hasGeo: boolean;
  /** The snapshot in use asks for places, and nobody knows any: said once while it goes on. */
  #knowsNoPlaces = false;
  #current: CompiledSnapshot | undefined;
  #sinceMs = 0;
  #standing: SnapshotStanding = "newest";
  #control: ControlState | undefined;
  #whenApplied: (() => void) | undefined;
  /** Of the last snapshot that is built; never rejects. */
  #waiting: Promise<void> | undefined;
  #lastRefusal = "";

  constructor(
    upstreams: RoutesFollower,
    {
      onNotice,
      now,
      tally,
      endings,
      hasGeo,
    }: Pick<Runtime, "onNotice" | "now" | "tally"> & {
      readonly endings: EndingsFollower;
      readonly hasGeo: boolean;
    },
  ) {
    this.#hasGeo = hasGeo;
    this.#upstreams = upstreams;
    this.#onNotice = onNotice;
    this.#now = now;
    this.#byRevision = tally.byRevision;
    this.#endings = endings;
  }

  /** `undefined` before the first. */
  inUse(): InUse | undefined {
    return this.#current && { revision: this.#current.revision, standing: this.#standing, sinceMs: this.#sinceMs };
  }

  /** `undefined` for a source that follows no control. */
  controlState(): ControlState | undefined {
    return this.#control;
  }

  /** The snapshot in use. Only after the first: asking earlier is a programming error. */
  current(): CompiledSnapshot {
    if (this.#current === undefined) throw new GatewayError("GATEWAY_SNAPSHOT_MISSING", "There is no snapshot yet");
    return this.#current;
  }

  /** At once, or where it takes long to build beside the requests that go on. What is offered meanwhile waits for its turn. */
  offer(json: unknown, standing: SnapshotStanding = "newest"): Offered | Promise<Offered> {
    const waiting = this.#waiting;
    const preparing = waiting === undefined ? prepareSnapshot(json, this.#current) : undefined;
    if (waiting === undefined && preparing === undefined) return this.#take(json, { standing });
    const taking = (async () => {
      await waiting;
      return this.#take(json, { standing, prepared: await (preparing ?? prepareSnapshot(json, this.#current)) });
    })();
    const settled: Promise<void> = taking
      .catch(() => undefined)
      .then(() => {
        if (this.#waiting === settled) this.#waiting = undefined;
      });
    this.#waiting = settled;
    return taking;
  }

  #take(
    json: unknown,
    { standing, prepared }: { readonly standing: SnapshotStanding; readonly prepared?: PreparedActions | undefined },
  ): Offered {
    const before = this.#current;
    const compilation = compileSnapshot(json, { before, prepared });
    if (compilation.kind === "refused") {
      this.#lastRefusal = describeIssues(compilation.issues);
      this.notify({ level: "warning", code: "SNAPSHOT_REFUSED", message: `A snapshot was refused: ${this.#lastRefusal}` });
      return { kind: "refused", issues: compilation.issues, running: before?.revision ?? 0 };
    }
    const { snapshot } = compilation;
    const isNew = before?.revision !== snapshot.revision;
    this.#current = snapshot;
    this.#standing = standing;
    if (isNew) this.#begin(snapshot);
    this.#byRevision.begin(snapshot);
    this.#endings.keepOnly([...snapshot.securityActions.endings, ...snapshot.debugSessions.map(({ ending }) => ending)]);
    if (snapshot.routes !== before?.routes) this.#upstreams.keepOnly(snapshot.routes.routes);
    this.#whenApplied?.();
    if (isNew)
      this.notify({
        level: "info",
        code: "SNAPSHOT_APPLIED",
        message: `Snapshot ${snapshot.revision} of ${snapshot.environment} is in use`,
      });
    return { kind: "applied", revision: snapshot.revision };
  }

  served(): Served | undefined {
    return this.#current && { servedForMs: Math.trunc(this.#now() - this.#sinceMs), ...this.#byRevision.read() };
  }

  #begin({ revision, securityActions }: CompiledSnapshot): void {
    this.#sinceMs = this.#now();
    const knewNoPlaces = this.#knowsNoPlaces;
    this.#knowsNoPlaces = !this.#hasGeo && securityActions.asksForPlaces;
    if (!this.#knowsNoPlaces || knewNoPlaces) return;
    const message = `Snapshot ${revision} has security actions by country or autonomous system, which match nothing without a geo database`;
    this.notify({ level: "warning", code: "GEO_DATABASE_MISSING", message });
  }

  control(state: ControlState): void {
    this.#control = state;
  }

  notify(notice: Notice): void {
    if (notice.code === "SNAPSHOT_UNTRUSTED") this.#lastRefusal = notice.message;
    this.#onNotice(notice);
  }

  /** Resolves with the first snapshot in use. Errors: `GATEWAY_SNAPSHOT_MISSING` when the time is over. */
  async whenFirst(timeoutMs: number): Promise<void> {
    if (this.#current !== undefined) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#missing(timeoutMs)), timeoutMs);
      // Who gives up waiting for another reason is not kept by this one.
      timer.unref();
      this.#whenApplied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #missing(timeoutMs: number): GatewayError {
    const cause = this.#lastRefusal === "" ? "check that control runs and has the environment" : this.#lastRefusal;
    return new GatewayError("GATEWAY_SNAPSHOT_MISSING", `No valid snapshot within ${timeoutMs} ms: ${cause}`);
  }
}
