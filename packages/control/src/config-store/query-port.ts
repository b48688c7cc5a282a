import type { EnvironmentKey } from "./environment-key.ts";
import type { Page } from "./page.ts";

export const QUERY_STATES = ["enqueued", "running", "completed", "failed"] as const;

export type QueryState = (typeof QUERY_STATES)[number];

/** What was asked, as it was judged when it came. */
export type AskedQuery = {
  /** What its client calls it. */
  readonly name: string | undefined;
  /** Dimensions and parameters, as the path and the query of the stats have them. */
  readonly dimensions: string;
  readonly parameters: string;
  /** What each metric is called in the result. */
  readonly columns: readonly string[];
  readonly outputFormat: "json" | "csv";
  readonly delimiter: string;
};

/** What became of a query. `result` is the whole text. */
export type QueryOutcome =
  | { readonly kind: "completed"; readonly result: string; readonly rows: number; readonly executionMs: number }
  | { readonly kind: "failed"; readonly error: string };

/** A question about events that is answered in the background. Times are milliseconds since 1970. */
export type QueryRecord = {
  readonly id: string;
  /** Rises with each new query. */
  readonly position: number;
  readonly key: EnvironmentKey;
  readonly state: QueryState;
  readonly asked: AskedQuery;
  readonly submittedBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** How often it was begun. */
  readonly attempts: number;
  readonly error?: string | undefined;
  readonly rows?: number | undefined;
  readonly resultBytes?: number | undefined;
  readonly executionMs?: number | undefined;
};

/** How many queries of an environment there may be: that are not over, and in all. */
export type QueryKeeping = { readonly maxOpenQueries: number; readonly maxQueries: number };

/**
 * Where queries and their results are kept, in the same database as the configuration and with its promises. Several controls may take queries up: each
 * is run by one at a time, and by another when that one is gone.
 */
export type QueryStore = {
  /** Adds one, and forgets the oldest that are over beyond `maxQueries`. Resolves with `undefined` when `maxOpenQueries` are not over. */
  add(
    key: EnvironmentKey,
    options: { readonly asked: AskedQuery; readonly submittedBy: string; readonly at: number; readonly keeping: QueryKeeping },
  ): Promise<QueryRecord | undefined>;
  /** Newest first; `before` is a `position`. */
  list(key: EnvironmentKey, page: Page): Promise<readonly QueryRecord[]>;
  read(key: EnvironmentKey, id: string): Promise<QueryRecord | undefined>;
  /** `undefined` unless it is completed. */
  result(key: EnvironmentKey, id: string): Promise<string | undefined>;
  /** Takes up the oldest that nobody runs: it is enqueued, or whoever ran it is gone, or had until now and is not over. It is this one's until then. */
  take(options: { readonly now: number; readonly until: number }): Promise<QueryRecord | undefined>;
  /** Ends the run that `take` gave. Nothing happens when another one was begun meanwhile. */
  finish(run: QueryRecord, options: { readonly outcome: QueryOutcome; readonly at: number }): Promise<void>;
  /** Forgets one, whatever its state: a run that goes on ends nothing any more. Resolves with whether it was there. */
  remove(key: EnvironmentKey, id: string): Promise<boolean>;
  /** Forgets those that were over before. */
  forgetBefore(before: number): Promise<void>;
  /** Forgets all of an environment that are over, and has those that are run begun anew: what they have read is past. Resolves with the number of the former. */
  removeResults(key: EnvironmentKey): Promise<number>;
};
