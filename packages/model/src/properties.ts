import { z } from "zod";

/** Source: GoogleCloudApigeeV1Property. */
export const propertySchema: z.ZodType<{ name: string; value: string }, unknown> = z
  .strictObject({ name: z.string("Expected a text").min(1, "Expected a name"), value: z.string("Expected a text") })
  .meta({ id: "Property" });

/** Apigee's key-value pairs of an organization, an environment, or a point of a debug session. Source: GoogleCloudApigeeV1Properties. */
export const propertiesSchema: z.ZodType<{ property?: { name: string; value: string }[] | undefined }, unknown> = z
  .strictObject({
    property: z
      .array(propertySchema, "Expected a list of properties")
      .refine((list) => new Set(list.map((property) => property.name)).size === list.length, "Expected each name once")
      .optional()
      .describe("A list that is given replaces the whole list"),
  })
  .meta({ id: "Properties" });
