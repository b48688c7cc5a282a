/**
 * What a revision of an environment changes. `configuration`: settings and routes, and on which gateways they are tried; `security`: security actions;
 * `debug`: debug sessions and what they hide; `ranges` and `bots`: what control looked up by itself. Of each kind history keeps so many by themselves, so
 * that what happens often pushes out no policy.
 */
export type RevisionKind = "configuration" | "security" | "debug" | "ranges" | "bots";

export type SideKind = Exclude<RevisionKind, "configuration">;

/** Method of revisions by which control gives gateways another list of bots. */
export const BOTS_METHOD = "bots.refresh";
/** Method of revisions by which control gives gateways what `provider:NAME` means by now. */
export const RANGES_METHOD = "ranges.refresh";

const ENV = "organizations.environments";
const DEBUG_SESSIONS = `${ENV}.apis.revisions.debugsessions`;

/** By which methods a revision is of a kind; by all others it is of `configuration`. An entry of the audit log tells the method, and so the kind. */
export const SIDE_METHODS: Readonly<Record<SideKind, readonly string[]>> = {
  security: [
    ...["create", "patch", "delete", "enable", "disable"].map((verb) => `${ENV}.securityActions.${verb}`),
    `${ENV}.updateSecurityActionsConfig`,
    `${ENV}.securityIncidents.createSecurityAction`,
  ],
  debug: [`${DEBUG_SESSIONS}.create`, `${DEBUG_SESSIONS}.delete`, `${ENV}.updateDebugmask`],
  ranges: [RANGES_METHOD],
  bots: [BOTS_METHOD],
};

const KINDS: ReadonlyMap<string, RevisionKind> = new Map(
  Object.entries(SIDE_METHODS).flatMap(([kind, methods]) => methods.map((method) => [method, kind as SideKind] as const)),
);

/** Of which kind a revision is that was made by a method. */
export function revisionKindOf(method: string): RevisionKind {
  return KINDS.get(method) ?? "configuration";
}
