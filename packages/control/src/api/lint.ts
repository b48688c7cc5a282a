import { advise, type Providers, type Suppression } from "wherefrom";
import { z } from "zod";
import { refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { violationsOf } from "../http/violations.ts";
import { providersFor } from "../ranges.ts";
import { advisorySchema } from "./advisory-schema.ts";
import { policyViolations } from "./environment-body.ts";
import { requireEnvironment } from "./environments.ts";

const MAX_SUPPRESSIONS = 1_000;

/** Only the types are judged here: a code that is none, or a day that is no day, is advice on the suppression. */
const suppressionSchema = z
  .strictObject(
    {
      code: z.string("Expected a text"),
      pointer: z.string("Expected a text").optional().describe("JSON pointer into the policy; absent: everywhere in it"),
      reason: z.string("Expected a text"),
      until: z.string("Expected a text").describe("The last day on which it holds, YYYY-MM-DD in UTC"),
    },
    "Expected an object",
  )
  .meta({ id: "Suppression" });

const bodySchema = z
  .strictObject({
    policy: z
      .record(z.string(), z.unknown(), "Expected an object")
      .optional()
      .describe("A clientIpResolutionConfig to judge in place of the environment's own. Nothing is stored"),
    suppressions: z
      .array(suppressionSchema, "Expected a list of suppressions")
      .max(MAX_SUPPRESSIONS)
      .optional()
      .describe("Advisories that are accepted until a day"),
  })
  .meta({ id: "LintRequest" });

const answerSchema = z
  .looseObject({
    advisories: z.array(advisorySchema),
    revisionId: z.string().describe("The environment's revision; also when another policy was judged"),
    policy: z.enum(["environment", "tried"]),
  })
  .meta({ id: "LintResponse" });

/** What the environment's policy allows that its author may not have meant. Nothing is stored and no traffic is touched. */
export const lintPolicy: Endpoint = {
  summary: "Gives advice on the environment's policy, or on a policy to try",
  takes: bodySchema,
  answers: answerSchema,
  async handle({ parts, store, param, body }) {
    const given = await body();
    const record = await requireEnvironment(store, param("env"));
    const providers = providersFor(parts.ranges, record);
    const { policy, suppressions = [] } = readBody(given, providers);
    const { settings, revision } = record;
    const advisories = advise(policy ?? settings.clientIpResolutionConfig ?? {}, {
      now: new Date(parts.now()).toISOString(),
      providers,
      suppressions: suppressions as readonly Suppression[],
    });
    return jsonAnswer({ advisories, revisionId: String(revision), policy: policy === undefined ? "environment" : "tried" });
  },
};

function readBody(given: unknown, providers: Providers): z.output<typeof bodySchema> {
  const parsed = bodySchema.safeParse(given);
  const { policy } = given as { readonly policy?: unknown };
  refuseFaults([...(parsed.success ? [] : violationsOf(parsed.error, given)), ...policyViolations(policy, { field: "policy", providers })]);
  return bodySchema.parse(given);
}
