import type { Environment, EnvironmentSettings, Route, Snapshot } from "@wherefrom/model";
import type { EnvironmentContent, EnvironmentRecord } from "../config-store/port.ts";

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

/** Content as one document: the settings, and the routes beside them. */
export function documentOf({ settings, routes }: EnvironmentContent): EnvironmentSettings & { readonly routes: readonly Route[] } {
  return { ...settings, routes };
}

/** An empty policy is the same as none. */
export function withoutEmptyPolicy({ settings, routes }: EnvironmentContent): EnvironmentContent {
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
export function snapshotOf(organization: string, { name, revision, settings, routes }: EnvironmentRecord): Snapshot {
  const { clientIpResolutionConfig = {} } = settings;
  return { organization, environment: name, revision, clientIpResolutionConfig, routes: [...routes] };
}
