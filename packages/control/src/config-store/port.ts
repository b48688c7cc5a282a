import type {
  AuditEntry,
  EnvironmentSettings,
  GatewayReport,
  Operation,
  OrganizationSettings,
  RevisionKind,
  Route,
  SnapshotRanges,
} from "@wherefrom/model";
import type { DebugContent } from "../debug-content.ts";
import type { SecurityContent } from "../security-content.ts";
import type { AccessStore } from "./access-port.ts";
import type { DebugLimits, DebugStore } from "./debug-port.ts";
import type { EnvironmentKey } from "./environment-key.ts";
import type { FitCourseStore } from "./fit-course-port.ts";
import type { IncidentStore } from "./incident-port.ts";
import type { Page } from "./page.ts";
import type { QueryStore } from "./query-port.ts";
import type { Stamp } from "./stamp.ts";
import type { TurnStore } from "./turn-port.ts";

export type { EnvironmentKey } from "./environment-key.ts";
export type { Page } from "./page.ts";
export type { Stamp } from "./stamp.ts";

/** What of an environment is versioned. */
export type EnvironmentContent = {
  readonly settings: EnvironmentSettings;
  readonly routes: readonly Route[];
  /** What `provider:NAME` meant in the policy when the revision was made. Absent when it names none that change over time. */
  readonly ranges?: SnapshotRanges | undefined;
  /** While a revision is tried on some gateways; the others run the revision before it. */
  readonly stage?: Stage | undefined;
  /** Absent when there never were any security actions. A change that says nothing of them keeps them. */
  readonly security?: SecurityContent | undefined;
  /** Absent when there never were any debug sessions. Kept as security actions are. */
  readonly debug?: DebugContent | undefined;
};

/** On which gateways a revision is tried first, and what has to hold there before the others get it. */
export type Stage = {
  /** Sorted. Never empty. */
  readonly firstGateways: readonly string[];
  /** How long it is tried, in milliseconds. */
  readonly watchMs: number;
  /** By how much the share of fallbacks may rise on the first gateways, from 0 to 1. */
  readonly maxFallbackRise: number;
  /** Requests that they must have answered by it before it is judged. */
  readonly minRequests: number;
  /** As which revision, and when, it began, once a change that is not tried has taken that revision's place. Absent: as the revision that has it. */
  readonly began?: StageStart | undefined;
};

/** `at` is in milliseconds since 1970. */
export type StageStart = { readonly revision: number; readonly at: number };

/** What of an organization is versioned. Not its environments: each of them has versions of its own. */
export type OrganizationContent = { readonly settings: OrganizationSettings };

/** Content as stored. Times are milliseconds since 1970. */
export type Stored<Content> = Content & {
  readonly name: string;
  /** Differs when one is deleted and another is created under its name. */
  readonly uid: string;
  readonly revision: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
};

export type EnvironmentRecord = Stored<EnvironmentContent>;
export type OrganizationRecord = Stored<OrganizationContent>;

/**
 * What is to become of it. `write` of the content that stands already changes nothing, not even the revision. With `others`, for gateways that do not
 * try `content`, it makes two revisions: first that of the others, then that of `content`. `reason` stands where the stamp tells none.
 */
export type Change<Content> =
  | { readonly kind: "write"; readonly content: Content; readonly others?: Content | undefined; readonly reason?: string | undefined }
  | { readonly kind: "delete" };

export type Changed<Content> = {
  /** The revision that stands now, or that the deletion got. */
  readonly revision: number;
  readonly before: Stored<Content> | undefined;
  readonly after: Stored<Content> | undefined;
};

/** One step in a history. */
export type Revision<Content> = Stamp & {
  readonly revision: number;
  readonly change: "created" | "written" | "deleted";
  /** What stood after the step; of a deletion, what stood before it. */
  readonly content: Content;
};

export type HistoryPage = Page & { readonly kind?: RevisionKind | undefined };

/** What a decision may look at beside what stands: as of the same step, in which nobody else writes. */
export type Beside = {
  /** While some gateways try what stands: what the others run. */
  readonly others: EnvironmentContent | undefined;
  /** As `OrganizationStore.history` and `gateways`. */
  history(page: HistoryPage): Promise<readonly Revision<EnvironmentContent>[]>;
  gateways(): Promise<readonly GatewayRecord[]>;
};

/**
 * Decides on a change from what stands. It asks for nothing but what it is given, and may be called again; what it throws, the change rejects with, and
 * nothing is written. All other writes wait for it.
 */
export type Decide = (
  current: EnvironmentRecord | undefined,
  beside: Beside,
) => Change<EnvironmentContent> | Promise<Change<EnvironmentContent>>;

/** As `Decide`, for an organization, with the names of its environments. */
export type DecideOrganization = (current: OrganizationRecord | undefined, environments: readonly string[]) => Change<OrganizationContent>;

/** All of an organization, as it stands at one moment. */
export type Standing = { readonly organization: OrganizationRecord; readonly environments: ReadonlyMap<string, EnvironmentRecord> };

/** Decides on changes of an organization and its environments from all that stand. What is not in the answer stays as it is. */
export type DecideAll = (
  current: Standing,
  gateways: (environment: string) => Promise<readonly GatewayRecord[]>,
) => DecidedAll | Promise<DecidedAll>;

export type DecidedAll = {
  readonly organization?: OrganizationContent | undefined;
  readonly environments: ReadonlyMap<string, Change<EnvironmentContent>>;
};

export type ChangedAll = {
  readonly organization: Changed<OrganizationContent> | undefined;
  readonly environments: ReadonlyMap<string, Changed<EnvironmentContent>>;
};

/** What a gateway said last of itself. Not versioned and not audited: it tells of configuration and is none. */
export type GatewayRecord = {
  readonly organization: string;
  readonly environment: string;
  readonly name: string;
  /** When it was heard, in milliseconds since 1970. */
  readonly heardAt: number;
  readonly report: GatewayReport;
};

/** A change was asked of an organization that is not there. */
export class OrganizationMissing extends Error {
  override readonly name = "OrganizationMissing";
}

/**
 * The store cannot be read or written at the moment. It recovers by itself, and so does whoever asks again. Not a fault of what was asked.
 *
 * `isOutcomeKnown` is false when a change was under way and may be stored: then look before asking again. Otherwise nothing was stored.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly isOutcomeKnown: boolean;

  constructor(message: string, { isOutcomeKnown, cause }: { readonly isOutcomeKnown: boolean; readonly cause: unknown }) {
    super(message, { cause });
    this.isOutcomeKnown = isOutcomeKnown;
  }
}

/**
 * Where configuration is kept. What an implementation promises:
 *
 * - Transactional: a change reads, decides and writes as one step. Two changes at a time never lose one of them.
 * - Versioned: each change that changes something raises the revision by one. A name's revisions never repeat, also not after a
 *   deletion and a new creation, so a gateway may take the larger as the newer.
 * - History is kept: each revision with its content and its stamp, deletions included. Of each kind (`revisionKindOf` its method) the newest of a name are
 *   kept, as many as that kind's limit says and two at the least, whatever there is of other kinds. So numbers may be missing in between.
 * - Audited: each revision has one entry in the organization's audit log, appended in the same step. The log is never shortened,
 *   edited or deleted, also not with its organization.
 * - Durable: when a change resolves, it outlives a crash of the process and of the machine. A crash at any byte leaves the old or
 *   the new state, never a mixture.
 * - Available or not: what the database cannot do at the moment rejects with `StoreUnavailable`, soon, and works again when the database does.
 *
 * Not its task: judging content. It stores what the API has parsed. The tests hold every implementation to this.
 */
export type ConfigStore = {
  /** Sorted by name, by code unit. */
  organizations(): Promise<readonly OrganizationRecord[]>;
  organization(name: string): Promise<OrganizationRecord | undefined>;
  /** `decide` must not ask to delete what is not there, nor an organization that has environments. */
  changeOrganization(
    name: string,
    options: { readonly by: Stamp; readonly decide: DecideOrganization },
  ): Promise<Changed<OrganizationContent>>;
  /** What belongs to an organization. It need not be there: then there are no environments, and a change rejects with `OrganizationMissing`. */
  of(organization: string): OrganizationStore;
  /**
   * Keeps what gateways said, each of them once, all of it or nothing, unless something newer of the same gateway is there. Forgets gateways of these
   * environments that were heard before `forgetBefore`, and those heard longest ago where an environment has more than `maxGateways`.
   * The environment need not be there.
   */
  saveGateways(records: readonly GatewayRecord[], options: { readonly forgetBefore: number }): Promise<void>;
  /** Who may come in. */
  readonly access: AccessStore;
  /** What debug sessions recorded. */
  readonly debug: DebugStore;
  /** Which clients look like abusers. */
  readonly incidents: IncidentStore;
  /** Whether policies fit their traffic, by what was seen so far. */
  readonly fitCourses: FitCourseStore;
  /** What is asked of events in the background. */
  readonly queries: QueryStore;
  /** Which of several controls does what one of them is to do. */
  readonly turns: TurnStore;
  /**
   * Calls `onChange` after each change of an environment, also when another process made it on the same database: at once as a rule, and after the
   * polling interval at the latest. Once for several changes, or twice for one, is as good; a call that rejects is repeated. The answer ends it.
   */
  watch(onChange: (changed: EnvironmentKey) => Promise<void>): () => void;
  /** Everything is on disk afterwards, and nothing is watched any more. No call may follow. */
  close(): Promise<void>;
};

/** What belongs to one organization. */
export type OrganizationStore = {
  /** Names of the environments, sorted by code unit. */
  names(): Promise<readonly string[]>;
  read(name: string): Promise<EnvironmentRecord | undefined>;
  /** Rejects with `OrganizationMissing`. */
  readAll(): Promise<Standing>;
  /** `decide` must not ask to delete what is not there. */
  change(name: string, options: { readonly by: Stamp; readonly decide: Decide }): Promise<Changed<EnvironmentContent>>;
  /** All of the changes or none, in the order of the answer of `decide`. */
  changeAll(options: { readonly by: Stamp; readonly decide: DecideAll }): Promise<ChangedAll>;
  /** Newest first. Also of an environment that was deleted. With a kind, only those of it. */
  history(name: string, page: HistoryPage): Promise<readonly Revision<EnvironmentContent>[]>;
  /** One revision, if it is kept. */
  revision(name: string, revision: number): Promise<Revision<EnvironmentContent> | undefined>;
  /** Appends an entry to the audit log about something of the organization's that is kept elsewhere, and so has no revision here. */
  noteDeletion(deletion: AuditedDeletion): Promise<void>;
  /** Newest first; `before` is a `sequence`. */
  audit(page: Page): Promise<readonly AuditEntry[]>;
  /** Sorted by name, by code unit. */
  gateways(environment: string): Promise<readonly GatewayRecord[]>;
  /** Keeps the newest `maxOperations`. */
  saveOperation(operation: Operation): Promise<void>;
  operation(name: string): Promise<Operation | undefined>;
  /** Newest first; `before` is a `position`. */
  operations(page: Page): Promise<readonly StoredOperation[]>;
};

/** Something that is deleted elsewhere. */
export type AuditedDeletion = Stamp & {
  /** `organizations/{org}/environments/{env}/events` */
  readonly resource: string;
  /** The one that stands of what it belongs to. */
  readonly revision: number;
  /** What the entry has the hash of: nothing that could be guessed by it. */
  readonly content: Readonly<Record<string, unknown>>;
};

export type StoredOperation = { readonly position: number; readonly operation: Operation };

/** How much history a store keeps of each name, how many gateways of each environment, how many sessions, and what of debug sessions. */
export type StoreLimits = DebugLimits & {
  readonly maxRevisions: number;
  readonly maxSecurityRevisions: number;
  readonly maxDebugRevisions: number;
  readonly maxControlRevisions: number;
  readonly maxOperations: number;
  readonly maxGateways: number;
  readonly maxSessions: number;
  readonly maxSessionsOfOwner: number;
};
