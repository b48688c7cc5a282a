import type { DebugTransaction } from "@wherefrom/model";

/** One recorded request, by the gateway that went through it. */
export type KeptTransaction = { readonly id: string; readonly gateway: string; readonly transaction: DebugTransaction };

/** A debug session, by its names. */
export type DebugSessionKey = { readonly organization: string; readonly environment: string; readonly session: string };

export type DebugLimits = {
  /** Recorded requests kept of one session, of all gateways together. */
  readonly maxTransactions: number;
  /** Size of what is kept of one session, in bytes of its JSON: a gateway decides how large a request is. */
  readonly maxSessionBytes: number;
  /** Sessions of all environments of which anything is kept. The one that got something longest ago goes first. */
  readonly maxDebugSessions: number;
};

/**
 * What debug sessions recorded, for all controls that share the store. It shows what clients send, so it is in no history, goes when its time is over, and
 * need not outlive a crash. Times are milliseconds since 1970.
 */
export type DebugStore = {
  /** Keeps them, in their order. A second one of its id, one too many or one too large changes nothing. */
  add(key: DebugSessionKey, added: { readonly transactions: readonly KeptTransaction[]; readonly at: number }): Promise<void>;
  /** Those added since then, in the order in which they came. */
  list(key: DebugSessionKey, since: number): Promise<readonly KeptTransaction[]>;
  /** Their ids, likewise. */
  ids(key: DebugSessionKey, since: number): Promise<readonly string[]>;
  transaction(key: DebugSessionKey, asked: { readonly id: string; readonly since: number }): Promise<KeptTransaction | undefined>;
  /** All of a session. */
  delete(key: DebugSessionKey): Promise<void>;
  /** Those that were added before that. */
  forget(before: number): Promise<void>;
};

/** How large one is, in bytes of its JSON. */
export function bytesOf({ transaction }: KeptTransaction): number {
  return Buffer.byteLength(JSON.stringify(transaction));
}
