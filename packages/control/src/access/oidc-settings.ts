import { EVERY_ORGANIZATION, environmentNameSchema, organizationNameSchema, ROLES } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import { z } from "zod";
import { ControlError } from "../errors.ts";
import { isLoopback } from "../http/host-gate.ts";

/** Asymmetric ones only: with a shared secret whoever can check a token can also make one. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;
const MAX_SKEW_S = 300;
const DEFAULT_SKEW_S = 30;

/** What is said over clear HTTP may be anybody's. */
function isProtected(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

const text = z.string("Expected a text").min(1, "Expected a text that is not empty");
const settingsSchema = z.strictObject({
  issuer: text,
  audience: text,
  jwksUri: text.refine(isProtected, "Expected an https URL, or http on loopback"),
  algorithms: z
    .array(z.enum(ALGORITHMS, `Expected one of ${ALGORITHMS.join(", ")}`))
    .min(1, "Expected at least one algorithm")
    .default(["RS256", "ES256"]),
  clockSkewSeconds: z.int("Expected whole seconds").min(0).max(MAX_SKEW_S, `Expected at most ${MAX_SKEW_S}`).default(DEFAULT_SKEW_S),
  nameClaim: text.default("sub"),
  roles: z
    .array(
      z.strictObject({
        claim: text,
        value: text,
        role: z.enum(ROLES).exclude(["gateway"], "Expected viewer, operator or admin"),
        organization: z.union(
          [z.literal(EVERY_ORGANIZATION), organizationNameSchema],
          "Expected the name of an organization, or - for all",
        ),
        environments: z.array(environmentNameSchema).min(1, "Expected at least one name").optional(),
      }),
      "Expected a list",
    )
    .min(1, "Expected at least one rule, or nobody could do anything"),
});

/** Whose tokens are taken beside control's own, and what their claims mean here. */
export type OidcSettings = z.output<typeof settingsSchema>;

/** Reads settings. Errors: `ControlError` CONTROL_OIDC_INVALID with every fault, in one line. */
export function parseOidcSettings(json: unknown): OidcSettings {
  const parsed = settingsSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `/${path.join("/")}: ${message}`);
  throw new ControlError("CONTROL_OIDC_INVALID", escapeText(`The OIDC settings are not valid: ${faults.join("; ")}`, 2_000));
}
