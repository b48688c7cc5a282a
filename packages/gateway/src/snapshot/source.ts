import type { DeliveredTransaction, RevisionCounts } from "@wherefrom/model";
import type { Notice } from "../notice.ts";
import type { SnapshotIssue } from "./issue.ts";

/** What became of a snapshot that was offered. A refused one changes nothing: revision `running` goes on, 0 when there is none. */
export type Offered =
  | { readonly kind: "applied"; readonly revision: number }
  | { readonly kind: "refused"; readonly issues: readonly SnapshotIssue[]; readonly running: number };

/** The gateway as a source sees it. */
export type SnapshotSink = {
  /** Takes a snapshot as JSON. It is validated whole, and in use for the next request when this has returned. One at a time. */
  offer(snapshot: unknown, standing?: SnapshotStanding): Offered | Promise<Offered>;
  notify(notice: Notice): void;
  /** What was counted under the snapshot in use, for control. `undefined` before the first. */
  served(): Served | undefined | Promise<Served | undefined>;
  /** Whether control can be reached, told at each change. Not for a source that follows no control. */
  control(state: ControlState): void;
};

/** How a gateway does under the snapshot in use. `servedForMs`: for how long. `before`: what was counted under the one before it. */
export type Served = {
  readonly servedForMs: number;
  readonly current: RevisionCounts;
  readonly before: RevisionCounts | undefined;
};

/**
 * How a snapshot stands to what the source has to give. `newest`: it is that. `last-good`: it was kept from earlier, because there is nothing newer to have.
 * `proven`: an earlier one, because the gateway does not stay up under the newest.
 */
export type SnapshotStanding = "newest" | "last-good" | "proven";

/** `away` also before it was reached for the first time. */
export type ControlState = "connected" | "away";

/** Events in lines of JSON. `id` is the same whenever these are sent, and never given to others. */
export type EventBatch = { readonly id: string; readonly lines: Uint8Array };

/** What became of a batch: control has it, now or from an earlier time, or will never take it. */
export type BatchAnswer = { readonly kind: "accepted" } | { readonly kind: "refused"; readonly why: string };

/**
 * Where a gateway's configuration comes from.
 *
 * Contract: `open` may reject with a `GatewayError` when there can be no snapshot, and otherwise offers each snapshot that there is, in order, also
 * long after it has resolved. A source that loses its origin goes on trying and never ends a gateway. `close` stops it at once.
 */
export type SnapshotSource = {
  open(sink: SnapshotSink): Promise<void>;
  close(): Promise<void>;
  /** Hands what a debug session recorded to control. Only for a source that follows one; it may lose it, and returns at once. */
  deliver?(transaction: DeliveredTransaction): void;
  /** Hands events to control. Only for a source that follows one. Errors: when control may take the batch another time. */
  sendEvents?(batch: EventBatch): Promise<BatchAnswer>;
  /** Looks for a newer snapshot now. Only for a source that does not do so by itself. */
  refresh?(): Promise<Offered>;
};
