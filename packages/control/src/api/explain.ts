import { createResolver, evidenceOfFields, type Providers, parsePolicy } from "wherefrom";
import { z } from "zod";
import { refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { violationsOf } from "../http/violations.ts";
import { providersFor } from "../ranges.ts";
import { policyViolations } from "./environment-body.ts";
import { requireEnvironment } from "./environments.ts";
import { evidenceShape } from "./evidence-schema.ts";

const evidenceSchema = z
  .strictObject({
    ...evidenceShape,
    policy: z
      .record(z.string(), z.unknown(), "Expected an object")
      .optional()
      .describe("A clientIpResolutionConfig to try in place of the environment's own. Nothing is stored"),
  })
  .meta({ id: "ExplainRequest" });

const answerSchema = z
  .looseObject({
    ip: z.string().nullable(),
    family: z.union([z.literal(4), z.literal(6)]).nullable(),
    outcome: z.enum(["resolved", "fallback", "rejected"]),
    trust: z.enum(["verified", "unverified"]),
    reason: z.string().optional(),
    algorithm: z.string(),
    key: z.string().nullable(),
    revisionId: z.string().describe("The environment's revision; also when another policy was tried"),
    policy: z.enum(["environment", "tried"]),
    explanation: z.looseObject({}),
  })
  .meta({ id: "ExplainResponse" });

/** What the environment says of one request, with the verdict on each hop. Nothing is stored and no traffic is touched. */
export const explainRequest: Endpoint = {
  summary: "Explains how the environment, or a policy to try, resolves a request",
  takes: evidenceSchema,
  answers: answerSchema,
  async handle({ parts, store, param, body }) {
    const given = await body();
    const record = await requireEnvironment(store, param("env"));
    const providers = providersFor(parts.ranges, record);
    const { peer, headers = [], policy } = readEvidence(given, providers);
    const { settings, revision } = record;
    const resolver = createResolver(parsePolicy(policy ?? settings.clientIpResolutionConfig ?? {}, { providers }));
    const explanation = resolver.explain(evidenceOfFields(peer ?? undefined, headers));
    const { peer: _peer, hops: _hops, unlistedHops: _unlistedHops, sentences: _sentences, ...resolution } = explanation;
    const revisionId = String(revision);
    return jsonAnswer({ ...resolution, revisionId, policy: policy === undefined ? "environment" : "tried", explanation });
  },
};

function readEvidence(given: unknown, providers: Providers): z.output<typeof evidenceSchema> {
  const parsed = evidenceSchema.safeParse(given);
  const policy = (given as { policy?: unknown }).policy;
  refuseFaults([...(parsed.success ? [] : violationsOf(parsed.error, given)), ...policyViolations(policy, { field: "policy", providers })]);
  return evidenceSchema.parse(given);
}
