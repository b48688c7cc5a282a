import type { Grant } from "@wherefrom/model";
import type { Stamp } from "./stamp.ts";

/** A token as stored. Never the token itself: only its hash is kept. Times are milliseconds since 1970. */
export type TokenRecord = {
  /** Not secret: it stands in the token, in lists and in the audit log. */
  readonly id: string;
  /** Whose it is and what it is for; `EVERY_ORGANIZATION` for all of them. */
  readonly organization: string;
  /** Unique within the organization. */
  readonly name: string;
  /** SHA-256 of the whole token, in lower-case hexadecimal digits. */
  readonly hash: string;
  readonly grants: readonly Grant[];
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  /** Coarse: see `touchToken`. */
  readonly lastUsedAt: number | undefined;
};

export type NewToken = Pick<TokenRecord, "id" | "name" | "hash" | "grants" | "expiresAt">;

/** What is to become of an organization's tokens. Removals come first. */
export type TokenChange = { readonly add?: NewToken; readonly remove?: readonly string[] };

export type StandingTokens = {
  /** Sorted by name, by code unit. */
  readonly tokens: readonly TokenRecord[];
  /** Whether the organization's audit log is empty: that of `EVERY_ORGANIZATION` is until there has been a first token. */
  readonly isUntouched: boolean;
};

/** Decides from the tokens that stand. As with `Decide`, it is pure, and what it throws, the change rejects with. */
export type DecideTokens = (standing: StandingTokens) => TokenChange;

/** A session of a browser as stored: never its cookie. */
export type SessionRecord = {
  /** Not secret. */
  readonly id: string;
  /** In whose audit log it stands. */
  readonly organization: string;
  /** Who may have no more than `maxSessionsOfOwner`. */
  readonly owner: string;
  /** SHA-256 of the whole cookie. */
  readonly hash: string;
  /** For whom it is, as JSON says it. */
  readonly content: unknown;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** When it was last used. Coarse: see `touchSession`. */
  readonly seenAt: number;
};

/** Sessions that are over at a time, or were used last before another. */
export type IdleSessions = { readonly at: number; readonly seenBefore: number };

/**
 * Where tokens and sessions are kept, in the same database as the configuration and with its promises of transactions and durability.
 *
 * - Each token and each session that is added or removed has one entry in its organization's audit log, appended in the same step, and the log of
 *   `EVERY_ORGANIZATION` is one like any other. What is merely used has none, and neither has a session that is over or makes room.
 * - A removed token is gone: whoever asks next, at any control, does not find it. An organization's tokens are removed with it, in the same
 *   step: its name may come back.
 *
 * Not its task: judging whether a token is right, or expired.
 */
export type AccessStore = {
  token(id: string): Promise<TokenRecord | undefined>;
  /** Sorted by name, by code unit. */
  tokens(organization: string): Promise<readonly TokenRecord[]>;
  /** Resolves with the tokens that stand afterwards. `decide` must add no name that stands, and remove no id that does not. */
  changeTokens(organization: string, options: { readonly by: Stamp; readonly decide: DecideTokens }): Promise<readonly TokenRecord[]>;
  /** Sets when a token was last used, unless it is there no more. */
  touchToken(id: string, at: number): Promise<void>;
  session(id: string): Promise<SessionRecord | undefined>;
  /** Of an owner, or of everybody; the newest first. */
  sessions(owner?: string): Promise<readonly SessionRecord[]>;
  /**
   * Removes those that are over at the new one's `createdAt`. Of its owner it keeps `maxSessionsOfOwner`, and of all `maxSessions`: those that were
   * used last, and of nobody but the organization that has most.
   */
  addSession(session: SessionRecord, options: { readonly by: Stamp }): Promise<void>;
  /** Sets when a session was last used, unless it is there no more or was used later. */
  touchSession(id: string, at: number): Promise<void>;
  /** Resolves with whether it was there. */
  removeSession(id: string, options: { readonly by: Stamp }): Promise<boolean>;
  removeIdleSessions(idle: IdleSessions): Promise<void>;
};
