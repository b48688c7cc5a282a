import type { Bots, SecurityAction } from "@wherefrom/model";

/** A security action as stored. Times are milliseconds since 1970. */
export type StoredSecurityAction = {
  readonly action: SecurityAction;
  /** Rises with each creation in an environment: the order in which actions decide, and in which they are listed. */
  readonly number: number;
  readonly createdAt: number;
  /** When it changed last. */
  readonly updatedAt: number;
};

/** The security actions of an environment. They are no part of what a rollback brings back: what was banned stays banned. */
export type SecurityContent = {
  readonly actions: readonly StoredSecurityAction[];
  /** `false` pauses all of them. Absent: nobody ever said. */
  readonly enabled?: boolean | undefined;
  /** When `enabled` was set, in milliseconds since 1970. */
  readonly enabledAt?: number | undefined;
  /** Whom the actions mean that name `botReasons`, for each reason that an enforced one names. Absent when none does, or nobody has looked yet. */
  readonly bots?: readonly Bots[] | undefined;
};

const NONE: SecurityContent = { actions: [] };

/** What stands, where anything does. */
export function securityOf({ security = NONE }: { readonly security?: SecurityContent | undefined }): SecurityContent {
  return security;
}

/** What gateways enforce: the actions that are enabled, the oldest first; none while all are paused. */
export function enforcedActions({ actions, enabled = true }: SecurityContent): SecurityAction[] {
  return enabled ? actions.map(({ action }) => action).filter(({ state }) => state === "ENABLED") : [];
}
