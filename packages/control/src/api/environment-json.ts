import type { Bots, Environment, EnvironmentSettings, Route, SecurityAction, Snapshot, SnapshotRanges } from "@wherefrom/model";
import type { EnvironmentContent, EnvironmentRecord } from "../config-store/port.ts";
import { debugOf, recordedSessions } from "../debug-content.ts";
import { enforcedActions, securityOf } from "../security-content.ts";

/** An environment as Apigee's API shows it. An empty policy is the same as none and is left out, as proto3 leaves out what is unset. */
export function environmentJson({ name, settings, createdAt, modifiedAt }: EnvironmentRecord): Environment {
  const { clientIpResolutionConfig, ...others } = settings;
  return {
    name,
    ...others,
    ...(isSet(clientIpResolutionConfig) && { clientIpResolutionConfig }),
    state: "ACTIVE",
    createdAt: String(createdAt),
    lastModifiedAt: String(modifiedAt),
  };
}

type EnvironmentDocument = EnvironmentSettings & {
  readonly routes: readonly Route[];
  readonly ranges?: SnapshotRanges;
  readonly securityActions?: readonly SecurityAction[];
  readonly securityActionsEnabled?: boolean;
  readonly bots?: readonly Bots[];
};

/** Content as one document: the settings, and beside them the routes, the ranges that the policy names and the security actions. */
export function documentOf({ settings, routes, ranges, security }: EnvironmentContent): EnvironmentDocument {
  const { enabled, bots, actions = [] } = security ?? {};
  return {
    ...settings,
    routes,
    ...(ranges !== undefined && { ranges }),
    ...(actions.length > 0 && { securityActions: actions.map(({ action }) => action) }),
    ...(enabled !== undefined && { securityActionsEnabled: enabled }),
    ...(bots !== undefined && { bots }),
  };
}

/** What somebody declares of an environment: its ranges come with its policy. An empty policy is the same as none. */
export function declaredContent({ settings, routes }: EnvironmentContent): EnvironmentContent {
  const { clientIpResolutionConfig, ...others } = settings;
  return isSet(clientIpResolutionConfig) ? { settings, routes } : { settings: others, routes };
}

/** Whether a policy says anything: `{}` clears it. */
export function isSet(policy: Record<string, unknown> | undefined): policy is Record<string, unknown> {
  return policy !== undefined && Object.keys(policy).length > 0;
}

export function environmentName(organization: string, name: string): string {
  return `organizations/${organization}/environments/${name}`;
}

/** What gateways get of an environment. */
export function snapshotOf(organization: string, record: EnvironmentContent & Pick<EnvironmentRecord, "name" | "revision">): Snapshot {
  const { name, revision, settings, routes, ranges } = record;
  const { clientIpResolutionConfig = {} } = settings;
  const security = securityOf(record);
  const securityActions = enforcedActions(security);
  const debugSessions = recordedSessions(debugOf(record));
  return {
    organization,
    environment: name,
    revision,
    clientIpResolutionConfig,
    ...(ranges && { ranges }),
    routes: [...routes],
    ...(debugSessions.length > 0 && { debugSessions }),
    ...(securityActions.length > 0 && { securityActions }),
    ...(securityActions.length > 0 && security.bots && { bots: [...security.bots] }),
  };
}
