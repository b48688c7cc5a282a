import { z } from "zod";
import { propertiesSchema } from "./properties.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Name of an organization. */
export const organizationNameSchema: z.ZodType<string, string> = z
  .string("Expected a text")
  .regex(NAME, "Expected 1 to 128 letters, digits, dots, underscores or hyphens, the first a letter or digit");

const settingsShape = {
  displayName: z.string("Expected a text").optional(),
  description: z.string("Expected a text").optional(),
  properties: propertiesSchema.optional(),
  attributes: z.array(z.string("Expected a text"), "Expected a list of texts").optional(),
  analyticsRegion: z.string("Expected a text").optional(),
  runtimeType: z.enum(["RUNTIME_TYPE_UNSPECIFIED", "CLOUD", "HYBRID"]).optional(),
  billingType: z.enum(["BILLING_TYPE_UNSPECIFIED", "SUBSCRIPTION", "EVALUATION", "PAYG"]).optional(),
};

/** What a client may set on an organization. All of it is kept for Apigee's clients, and nothing of it has an effect here. */
export type OrganizationSettings = {
  displayName?: string | undefined;
  description?: string | undefined;
  /** Apigee's key-value pairs. A list that is given replaces the whole list. */
  properties?: { property?: { name: string; value: string }[] | undefined } | undefined;
  attributes?: string[] | undefined;
  analyticsRegion?: string | undefined;
  runtimeType?: "RUNTIME_TYPE_UNSPECIFIED" | "CLOUD" | "HYBRID" | undefined;
  billingType?: "BILLING_TYPE_UNSPECIFIED" | "SUBSCRIPTION" | "EVALUATION" | "PAYG" | undefined;
};

/** Source: Apigee, GoogleCloudApigeeV1Organization. */
export const organizationSettingsSchema: z.ZodType<OrganizationSettings, unknown> = z.strictObject(settingsShape);

/** The body of a request that creates or changes an organization, for the API's documentation. Fields that only the system sets may stand in it, too. */
export const organizationBodySchema: z.ZodType<OrganizationSettings & { name?: string | undefined }, unknown> = z
  .strictObject({ name: organizationNameSchema.optional(), ...settingsShape })
  .meta({ id: "OrganizationBody" });

/** An organization as the API answers it. */
export type Organization = OrganizationSettings & {
  name: string;
  /** The name again: here an organization is a project of its own. */
  projectId: string;
  /** Names of its environments, sorted. */
  environments: string[];
  state: "ACTIVE";
  /** Milliseconds since 1970, as int64 text. */
  createdAt: string;
  /** Milliseconds since 1970, as int64 text. */
  lastModifiedAt: string;
};

export const organizationSchema: z.ZodType<Organization, unknown> = z
  .strictObject({
    name: organizationNameSchema,
    ...settingsShape,
    projectId: z.string(),
    environments: z.array(z.string()),
    state: z.literal("ACTIVE"),
    createdAt: z.string(),
    lastModifiedAt: z.string(),
  })
  .meta({ id: "Organization" });
