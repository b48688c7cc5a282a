import { z } from "zod";
import { timeField } from "./int64.ts";
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

/** An organization as it goes over the wire, for documents and clients. What is read-only may stand in a request, without effect. */
export const organizationSchema: z.ZodType<Organization, unknown> = z
  .strictObject({
    name: organizationNameSchema.meta({ readOnly: true }),
    ...settingsShape,
    projectId: z.string().meta({ readOnly: true, description: "The name again: there are no projects here" }),
    environments: z.array(z.string()).meta({ readOnly: true, description: "Names of its environments" }),
    state: z.enum(["STATE_UNSPECIFIED", "CREATING", "ACTIVE", "DELETING", "UPDATING"]).meta({ readOnly: true }),
    createdAt: timeField("When it was created"),
    lastModifiedAt: timeField("When its own fields changed last"),
  })
  .meta({ id: "Organization" }) as z.ZodType<Organization, unknown>;
