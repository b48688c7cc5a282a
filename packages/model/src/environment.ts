import { z } from "zod";
import { type AbuseDetectionSettings, abuseDetectionSchema } from "./abuse-settings.ts";
import { type EventSettings, eventSettingsSchema } from "./event-settings.ts";
import { int64Schema, timeField } from "./int64.ts";
import { policySchema } from "./policy-schema.ts";
import { propertiesSchema } from "./properties.ts";
import { type RolloutSettings, rolloutSettingsSchema } from "./rollout-settings.ts";

const NAME = /^[.A-Za-z0-9_-]{1,255}$/;
const FORWARD_PROXY = /^http:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$/;
const MAX_PORT = 65_535;

/**
 * Name of an environment. `.` and `..` fit Apigee's pattern but are refused: every URL parser takes them out of a path, so
 * nobody could ask for them.
 */
export const environmentNameSchema: z.ZodType<string, string> = z
  .string("Expected a text")
  .regex(NAME, "Expected 1 to 255 letters, digits, dots, underscores or hyphens")
  .refine((name) => name !== "." && name !== "..", "Expected a name other than . and ..");

function isForwardProxy(text: string): boolean {
  if (text === "") return true;
  const port = Number(FORWARD_PROXY.exec(text)?.[2]);
  return port >= 1 && port <= MAX_PORT;
}

const nodeConfigShape = {
  minNodeCount: int64Schema.optional().describe("Kept for Apigee's clients; without effect here"),
  maxNodeCount: int64Schema.optional().describe("Kept for Apigee's clients; without effect here"),
};

const settingsShape = {
  displayName: z.string("Expected a text").optional(),
  description: z.string("Expected a text").optional(),
  properties: propertiesSchema.optional(),
  deploymentType: z.enum(["DEPLOYMENT_TYPE_UNSPECIFIED", "PROXY", "ARCHIVE"]).optional().describe("Cannot change after creation"),
  apiProxyType: z.enum(["API_PROXY_TYPE_UNSPECIFIED", "PROGRAMMABLE", "CONFIGURABLE"]).optional().describe("Cannot change after creation"),
  type: z.enum(["ENVIRONMENT_TYPE_UNSPECIFIED", "BASE", "INTERMEDIATE", "COMPREHENSIVE"]).optional(),
  nodeConfig: z.strictObject(nodeConfigShape).optional(),
  forwardProxyUri: z
    .string("Expected a text")
    .refine(isForwardProxy, "Expected http://host:port, or an empty text for none")
    .optional()
    .describe("http://host:port; an empty text is none. Kept for Apigee's clients; without effect here"),
  hasAttachedFlowHooks: z.boolean("Expected true or false").optional(),
  events: eventSettingsSchema.optional().describe("How events of the environment are kept"),
  abuseDetection: abuseDetectionSchema.optional().describe("How abusers are looked for in the events of the environment"),
  rollout: rolloutSettingsSchema
    .optional()
    .describe("Given, changes are tried on some gateways first. Without it all gateways get them at once"),
};

/** What a client may set on an environment. Nothing here has a default: a field that was never set is absent. */
export type EnvironmentSettings = {
  displayName?: string | undefined;
  description?: string | undefined;
  /** Apigee's key-value pairs. A list that is given replaces the whole list. */
  properties?: { property?: { name: string; value: string }[] | undefined } | undefined;
  /** Cannot change after creation. */
  deploymentType?: "DEPLOYMENT_TYPE_UNSPECIFIED" | "PROXY" | "ARCHIVE" | undefined;
  /** Cannot change after creation. */
  apiProxyType?: "API_PROXY_TYPE_UNSPECIFIED" | "PROGRAMMABLE" | "CONFIGURABLE" | undefined;
  type?: "ENVIRONMENT_TYPE_UNSPECIFIED" | "BASE" | "INTERMEDIATE" | "COMPREHENSIVE" | undefined;
  /** Counts of nodes as int64 text. Kept for Apigee's clients; without effect here. */
  nodeConfig?: { minNodeCount?: string | undefined; maxNodeCount?: string | undefined } | undefined;
  /** `http://host:port`; an empty text is no forward proxy. Kept for Apigee's clients; without effect here. */
  forwardProxyUri?: string | undefined;
  hasAttachedFlowHooks?: boolean | undefined;
  /** How events of the environment are kept. */
  events?: EventSettings | undefined;
  /** How abusers are looked for in the events of the environment. */
  abuseDetection?: AbuseDetectionSettings | undefined;
  /** Given, changes are tried on some gateways first. */
  rollout?: RolloutSettings | undefined;
  /** The policy as JSON, in lowerCamelCase. Only `parsePolicy` of the library knows whether it is valid. */
  clientIpResolutionConfig?: Record<string, unknown> | undefined;
};

/** Source: Apigee, GoogleCloudApigeeV1Environment. The policy is judged by `parsePolicy`, not here. */
export const environmentSettingsSchema: z.ZodType<EnvironmentSettings, unknown> = z.strictObject({
  ...settingsShape,
  clientIpResolutionConfig: z.record(z.string(), z.unknown(), "Expected an object").optional(),
});

/** An environment as the API answers it. */
export type Environment = EnvironmentSettings & {
  name: string;
  state: "CREATING" | "ACTIVE" | "DELETING" | "UPDATING";
  /** Milliseconds since 1970, as int64 text. */
  createdAt: string;
  /** Milliseconds since 1970, as int64 text. */
  lastModifiedAt: string;
};

const nodeConfigSchema = z
  .strictObject({ ...nodeConfigShape, currentAggregateNodeCount: int64Schema.optional().meta({ readOnly: true }) })
  .meta({ id: "NodeConfig" });

/** An environment as it goes over the wire, for documents and clients. What is read-only may stand in a request, without effect. */
export const environmentSchema: z.ZodType<Environment, unknown> = z
  .strictObject({
    name: environmentNameSchema,
    ...settingsShape,
    nodeConfig: nodeConfigSchema.optional(),
    clientIpResolutionConfig: policySchema("Environment").optional().describe("Which client a request is from. {} clears it"),
    state: z.enum(["STATE_UNSPECIFIED", "CREATING", "ACTIVE", "DELETING", "UPDATING"]).meta({ readOnly: true }),
    createdAt: timeField("When it was created"),
    lastModifiedAt: timeField("When it or a route of it changed last"),
  })
  .meta({ id: "Environment" }) as z.ZodType<Environment, unknown>;
