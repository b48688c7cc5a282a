import { z } from "zod";

/** An organization as one document: what `export` answers and `apply` takes. */
export const organizationDocumentSchema = z
  .strictObject({
    organization: z.record(z.string(), z.unknown(), "Expected an object").optional().describe("What is set on the organization itself"),
    environments: z
      .array(z.record(z.string(), z.unknown(), "Expected an object"), "Expected a list of environments")
      .describe("Each with its name, its settings and its routes, whole: a field that is left out is not set afterwards"),
  })
  .meta({ id: "OrganizationDocument" });

export const applyBodySchema = z
  .strictObject({
    ...organizationDocumentSchema.shape,
    prune: z.boolean("Expected true or false").optional().describe("Deletes environments that are not in the list"),
    validateOnly: z.boolean("Expected true or false").optional().describe("Says what would change, and changes nothing"),
  })
  .meta({ id: "ApplyRequest" });

export type ApplyBody = z.output<typeof applyBodySchema>;
