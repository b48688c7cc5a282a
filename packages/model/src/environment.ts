import { z } from "zod";
import { propertiesSchema } from "./properties.ts";

const NAME = /^[.A-Za-z0-9_-]{1,255}$/;
const INT64 = /^-?[0-9]{1,19}$/;
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

/** int64 of proto3 JSON: written as text, read from text or number. */
const int64Schema = z
  .union([z.string(), z.int()], "Expected a whole number, as text or number")
  .transform(String)
  .refine((text) => INT64.test(text), "Expected a whole number, as text or number");

function isForwardProxy(text: string): boolean {
  if (text === "") return true;
  const port = Number(FORWARD_PROXY.exec(text)?.[2]);
  return port >= 1 && port <= MAX_PORT;
}

const nodeConfigSchema = z.strictObject({ minNodeCount: int64Schema.optional(), maxNodeCount: int64Schema.optional() });

const settingsShape = {
  displayName: z.string("Expected a text").optional(),
  description: z.string("Expected a text").optional(),
  properties: propertiesSchema.optional(),
  deploymentType: z.enum(["DEPLOYMENT_TYPE_UNSPECIFIED", "PROXY", "ARCHIVE"]).optional(),
  apiProxyType: z.enum(["API_PROXY_TYPE_UNSPECIFIED", "PROGRAMMABLE", "CONFIGURABLE"]).optional(),
  type: z.enum(["ENVIRONMENT_TYPE_UNSPECIFIED", "BASE", "INTERMEDIATE", "COMPREHENSIVE"]).optional(),
  nodeConfig: nodeConfigSchema.optional(),
  forwardProxyUri: z.string("Expected a text").refine(isForwardProxy, "Expected http://host:port, or an empty text for none").optional(),
  hasAttachedFlowHooks: z.boolean("Expected true or false").optional(),
  clientIpResolutionConfig: z.record(z.string(), z.unknown(), "Expected an object").optional(),
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
  /** The policy as JSON, in lowerCamelCase. Only `parsePolicy` of the library knows whether it is valid. */
  clientIpResolutionConfig?: Record<string, unknown> | undefined;
};

/** Source: Apigee, GoogleCloudApigeeV1Environment. */
export const environmentSettingsSchema: z.ZodType<EnvironmentSettings, unknown> = z.strictObject(settingsShape);

/** The body of a request that creates or changes an environment, for the API's documentation. Fields that only the system sets may stand in it, too. */
export const environmentBodySchema: z.ZodType<EnvironmentSettings & { name?: string | undefined }, unknown> = z
  .strictObject({ name: environmentNameSchema.optional(), ...settingsShape })
  .meta({ id: "EnvironmentBody" });

/** An environment as the API answers it. */
export type Environment = EnvironmentSettings & {
  name: string;
  state: "CREATING" | "ACTIVE" | "DELETING" | "UPDATING";
  /** Milliseconds since 1970, as int64 text. */
  createdAt: string;
  /** Milliseconds since 1970, as int64 text. */
  lastModifiedAt: string;
};

export const environmentSchema: z.ZodType<Environment, unknown> = z
  .strictObject({
    name: environmentNameSchema,
    ...settingsShape,
    state: z.enum(["CREATING", "ACTIVE", "DELETING", "UPDATING"]),
    createdAt: z.string(),
    lastModifiedAt: z.string(),
  })
  .meta({ id: "Environment" });
