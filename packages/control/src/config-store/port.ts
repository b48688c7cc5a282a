import type { EnvironmentSettings, Operation, Route } from "@wherefrom/model";

/** What of an environment is versioned. */
export type EnvironmentContent = { readonly settings: EnvironmentSettings; readonly routes: readonly Route[] };

/** An environment as stored. Times are milliseconds since 1970. */
export type EnvironmentRecord = EnvironmentContent & {
  readonly name: string;
  /** Differs when an environment is deleted and another is created under its name. */
  readonly uid: string;
  readonly revision: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
};

/** What is to become of an environment. `write` of the content that stands already changes nothing, not even the revision. */
export type Change = { readonly kind: "write"; readonly content: EnvironmentContent } | { readonly kind: "delete" };

export type Changed = {
  /** The revision that stands now, or that the deletion got. */
  readonly revision: number;
  readonly before: EnvironmentRecord | undefined;
  readonly after: EnvironmentRecord | undefined;
};

/** One step in an environment's history. */
export type Revision = {
  readonly revision: number;
  readonly at: number;
  readonly change: "created" | "written" | "deleted";
  /** What stood after the step; of a deletion, what stood before it. */
  readonly content: EnvironmentContent;
};

/** Decides on a change from what stands. It is pure and may be called again; what it throws, `change` rejects with, and nothing is written. */
export type Decide = (current: EnvironmentRecord | undefined) => Change;

/**
 * Where one organization's configuration is kept. What an implementation promises:
 *
 * - Transactional: `change` reads, decides and writes as one step. Two changes at a time never lose one of them.
 * - Versioned: each change that changes something raises the environment's revision by one. A name's revisions never repeat,
 *   also not after a deletion and a new creation, so a gateway may take the larger as the newer.
 * - History is kept: each revision with its content, at least the newest `maxRevisions` of a name, deletions included.
 * - Durable: when `change` resolves, the change outlives a crash of the process and of the machine. A crash at any byte
 *   leaves the old or the new state, never a mixture.
 *
 * Not its task: judging content. It stores what the API has parsed. The tests hold every implementation to this.
 */
export type ConfigStore = {
  /** Names, sorted by code unit. */
  names(): Promise<readonly string[]>;
  read(name: string): Promise<EnvironmentRecord | undefined>;
  /** `at` is the time of the change in milliseconds since 1970. Deleting what is not there is not a change: `decide` must not ask for it. */
  change(name: string, options: { readonly at: number; readonly decide: Decide }): Promise<Changed>;
  /** Newest first. */
  history(name: string): Promise<readonly Revision[]>;
  /** Keeps the newest `maxOperations`. */
  saveOperation(operation: Operation): Promise<void>;
  operation(name: string): Promise<Operation | undefined>;
  /** Newest first; `before` is a `position` from an earlier page. */
  operations(page: { readonly limit: number; readonly before?: number | undefined }): Promise<readonly StoredOperation[]>;
  /** Everything is on disk afterwards. No call may follow. */
  close(): Promise<void>;
};

export type StoredOperation = { readonly position: number; readonly operation: Operation };

/** How much history a store keeps. */
export type StoreLimits = { readonly maxRevisions: number; readonly maxOperations: number };
