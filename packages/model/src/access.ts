import { z } from "zod";
import { environmentNameSchema } from "./environment.ts";

/** What somebody may do. Each but the last includes the one before; `gateway` is for gateways and includes none. */
export const ROLES = ["viewer", "operator", "admin", "gateway"] as const;
export type Role = (typeof ROLES)[number];

/** Stands in place of an organization's name for all of them, those that do not exist yet included. Source: AIP-159. */
export const EVERY_ORGANIZATION = "-";

/** A role in an organization: in all of it, or in some of its environments only. */
export type Grant = {
  readonly role: Role;
  /** Absent: the whole organization. */
  readonly environments?: readonly string[] | undefined;
};

const MAX_ENVIRONMENTS = 100;

export const grantSchema: z.ZodType<Grant, unknown> = z
  .strictObject({
    role: z.enum(ROLES),
    environments: z
      .array(environmentNameSchema, "Expected a list of names")
      .min(1, "Expected at least one name; leave the field out for the whole organization")
      .max(MAX_ENVIRONMENTS, `Expected at most ${MAX_ENVIRONMENTS} names`)
      .optional()
      .describe("Names of environments. Absent: the whole organization"),
  })
  .meta({ id: "Grant" });
