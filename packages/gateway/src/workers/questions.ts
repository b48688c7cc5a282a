import type { DeliveredTransaction } from "@wherefrom/model";
import type { MetricFamily } from "../admin/metric-family.ts";
import type { Readiness } from "../admin/readiness.ts";
import type { GatewayOptions } from "../gateway.ts";
import type { ListeningAt } from "../listen/listen.ts";
import type { Notice } from "../notice.ts";
import type { HopTimes, HopUse } from "../signed-hop/used-hops.ts";
import type { Offered, Served, SnapshotStanding } from "../snapshot/source.ts";

/** What a worker is told of the gateway that it is part of: all that can be sent to another process. */
export type WorkerOptions = Pick<GatewayOptions, "listeners" | "id" | "limits" | "signedHop" | "accessLog" | "events" | "geoDatabases">;

/** What a worker is opened by: `workers` is how many share the machine, `ticketKeys` in base64 what they seal TLS session tickets with. */
export type WorkerOpening = { readonly options: WorkerOptions; readonly workers: number; readonly ticketKeys: string };

/** A snapshot on its way to the workers. */
export type GivenSnapshot = { readonly json: unknown; readonly standing: SnapshotStanding };

/** How a worker does. `counts` is the gateway's own part of its metrics, which costs little to ask for. */
export type WorkerState = { readonly readiness: Readiness; readonly counts: readonly MetricFamily[] };

/** What the primary asks a worker. */
export type WorkerQuestions = {
  /** Answered when it listens. Asked first, once. */
  readonly open: { readonly given: WorkerOpening; readonly answer: readonly ListeningAt[] };
  readonly offer: { readonly given: GivenSnapshot; readonly answer: Offered };
  readonly state: { readonly given: null; readonly answer: WorkerState };
  /** What it counted under the snapshot that it runs; null before the first. */
  readonly served: { readonly given: null; readonly answer: Served | null };
  readonly metrics: { readonly given: null; readonly answer: readonly (readonly MetricFamily[])[] };
  readonly refreshCertificates: { readonly given: null; readonly answer: null };
  readonly reopenAccessLog: { readonly given: null; readonly answer: null };
  /** Answered when it takes no new connection any more, and the primary has been told so. */
  readonly stopListening: { readonly given: null; readonly answer: null };
  /** Answered when everything is drained, with the last counts. */
  readonly close: { readonly given: null; readonly answer: readonly (readonly MetricFamily[])[] };
};

/** What a worker asks the primary. */
export type PrimaryQuestions = {
  /** Asked first: from now on the worker hears. What is sent to one that is still loading its program is lost. */
  readonly hello: { readonly given: null; readonly answer: null };
  /** Answered when the primary has dealt out what it had accepted for this worker, and has looked for one more connection. */
  readonly turn: { readonly given: null; readonly answer: null };
  readonly notify: { readonly given: Notice; readonly answer: null };
  /** What a debug session recorded, for control. */
  readonly deliver: { readonly given: DeliveredTransaction; readonly answer: null };
  /** Whether a signed hop is used for the first time by any of the workers. */
  readonly useHop: { readonly given: { readonly signature: string; readonly times: HopTimes }; readonly answer: HopUse };
};
