import { z } from "zod";
import { environmentNameSchema } from "./environment.ts";
import { int64Schema, timeField } from "./int64.ts";
import { type WireFields, wireFieldsOf } from "./wire-names.ts";

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

const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;
const MAX_GRANTS = 20;

/**
 * A gateway's key is for a gateway and nothing else, and for the environments that it names: a key that is taken from one machine must not open
 * what runs on another.
 */
function judgeGrants(grants: readonly Grant[], { addIssue }: { addIssue(issue: { code: "custom"; message: string }): void }): void {
  const keys = grants.filter(({ role }) => role === "gateway");
  if (keys.length > 0 && keys.length < grants.length) addIssue({ code: "custom", message: "Expected no other role beside gateway" });
  if (keys.some(({ environments }) => environments === undefined))
    addIssue({ code: "custom", message: "Expected the environments of a gateway by their names" });
}

const tokenShape = {
  tokenId: z.string().optional().meta({ readOnly: true, description: "Stands in the token, in lists and in the audit log" }),
  name: z
    .string("Expected a text")
    .regex(TOKEN_NAME, "Expected 1 to 63 letters, digits, dots, underscores, at signs or hyphens, the first a letter or digit")
    .describe("Unique in the organization"),
  grants: z
    .array(grantSchema, "Expected a list of grants")
    .min(1, "Expected at least one grant")
    .max(MAX_GRANTS, `Expected at most ${MAX_GRANTS} grants`)
    .superRefine(judgeGrants)
    .describe("What it is for. gateway stands alone, with the environments that it is for"),
  createdAt: timeField("When it was made").optional(),
  expiresAt: int64Schema.optional().describe("When it ends, in milliseconds since 1970. Absent: never"),
  lastUsedAt: timeField("When it was last used, to the hour").optional(),
};

/** A token as the API answers it. Not what lets its holder in: that is answered once, when it is made. Times are milliseconds since 1970, as int64 text. */
export type Token = {
  tokenId?: string | undefined;
  name: string;
  grants: readonly Grant[];
  createdAt?: string | undefined;
  expiresAt?: string | undefined;
  lastUsedAt?: string | undefined;
};

export const tokenSchema: z.ZodType<Token, unknown> = z.strictObject(tokenShape).meta({ id: "Token" });

/** A token that was just made. */
export const createdTokenSchema: z.ZodType<Token & { token: string }, unknown> = z
  .strictObject({ ...tokenShape, token: z.string().meta({ readOnly: true, description: "What lets its holder in. Answered this once" }) })
  .meta({ id: "CreatedToken" });

export const TOKEN_FIELDS: WireFields = wireFieldsOf(tokenSchema, "settable");
