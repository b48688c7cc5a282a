import { camelNamed, diffJson, jsonChangeSchema, wireFieldsOf } from "@wherefrom/model";
import { type Advisory, advise, type HeaderField, type Providers, parsePolicy } from "wherefrom";
import { z } from "zod";
import { refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import type { JsonObject } from "../http/json-body.ts";
import { violationsOf } from "../http/violations.ts";
import { type Comparison, comparePolicies, type PreviewRequest, type Transition } from "../preview.ts";
import { providersFor } from "../ranges.ts";
import { advisorySchema } from "./advisory-schema.ts";
import { policyOf, policyViolations } from "./environment-body.ts";
import { requireEnvironment } from "./environments.ts";
import { evidenceShape } from "./evidence-schema.ts";
import { previewTagOf } from "./preview-tag.ts";

const DEFAULT_SAMPLES = 5;
const MAX_SAMPLES = 100;
const MAX_REQUESTS = 100_000;
/** Faults of the evidence that are told; what is wrong with the rest is most likely the same. */
const MAX_TOLD_FAULTS = 100;

const requestSchema = z.strictObject(evidenceShape).meta({ id: "PreviewEvidence" });

const bodySchema = z
  .strictObject({
    clientIpResolutionConfig: z.record(z.string(), z.unknown(), "Expected an object").describe("The policy that is proposed"),
    evidence: z
      .array(requestSchema, "Expected a list of requests")
      .max(MAX_REQUESTS)
      .describe("Requests to try it on: peer and header fields as they came over the wire"),
    maxSamples: z.int().min(0).max(MAX_SAMPLES).optional().describe(`Samples of each transition. Default: ${DEFAULT_SAMPLES}`),
  })
  .meta({ id: "PreviewRequest" });

const FIELDS = wireFieldsOf(bodySchema, "settable");

const verdictSchema = z
  .object({
    outcome: z.enum(["resolved", "fallback", "rejected"]),
    trust: z.enum(["verified", "unverified"]),
    reason: z.string().optional(),
  })
  .meta({ id: "PreviewVerdict" });
const beforeAndAfter = z.object({ before: z.int(), after: z.int() }).meta({ id: "PreviewBeforeAndAfter" });
const sampleSchema = z
  .object({
    position: z.int().describe("Place in the evidence, from 1"),
    peer: z.string().nullable(),
    from: z.string().nullable(),
    to: z.string().nullable(),
  })
  .meta({ id: "PreviewSample" });
const transitionSchema = z
  .object({
    from: verdictSchema,
    to: verdictSchema,
    otherAddress: z.boolean(),
    requests: z.int(),
    samples: z.array(sampleSchema).describe("The first of them"),
  })
  .meta({ id: "PreviewTransition" });

const answerSchema = z
  .object({
    etag: z.string().describe("With it in If-Match a change goes through only if it makes this policy out of this revision"),
    revisionId: z.string(),
    requests: z.int(),
    otherAddress: z.int().describe("Requests with another address, with one instead of none, or with none instead of one"),
    otherKey: z.int().describe("Requests that would be limited by another key"),
    trustGained: z.int(),
    trustLost: z.int(),
    verified: beforeAndAfter,
    rejected: beforeAndAfter.describe("Requests without an address"),
    transitions: z.array(transitionSchema).describe("What changes, the most frequent first"),
    changes: z.array(jsonChangeSchema).describe("What differs between the policies"),
    advisories: z
      .object({ added: z.array(advisorySchema), removed: z.array(advisorySchema), kept: z.array(advisorySchema) })
      .meta({ id: "PreviewAdvisories" })
      .describe("Advice that the proposed policy newly gets, does not get any more, and still gets"),
  })
  .meta({ id: "PreviewResponse" });

/** What a policy would change, seen on requests that are given. Nothing is stored and no traffic is touched. */
export const previewPolicy: Endpoint = {
  summary: "What a proposed policy would change: for which requests, from what to what, and what advice it gets",
  takes: bodySchema,
  takesLargeBody: true,
  answers: answerSchema,
  async handle({ parts, store, param, body }) {
    const given = await body();
    const record = await requireEnvironment(store, param("env"));
    const providers = providersFor(parts.ranges, record);
    const { policy: after, evidence, maxSamples } = readBody(given, providers);
    const { settings, revision } = record;
    const before = settings.clientIpResolutionConfig ?? {};
    const policies = { before: parsePolicy(before, { providers }), after: parsePolicy(after, { providers }), maxSamples };
    const comparison = await comparePolicies(evidence, policies);
    const now = new Date(parts.now()).toISOString();
    const etag = previewTagOf(revision, after);
    const answer = {
      etag,
      revisionId: String(revision),
      ...comparisonJson(comparison),
      changes: diffJson(before, after),
      advisories: advisoriesBetween(advise(before, { now, providers }), advise(after, { now, providers })),
    };
    return jsonAnswer(answer, etag);
  },
};

type PreviewBody = { readonly policy: JsonObject; readonly evidence: readonly PreviewRequest[]; readonly maxSamples: number };

function readBody(given: JsonObject, providers: Providers): PreviewBody {
  const body = camelNamed(given, FIELDS) as JsonObject;
  const policy = policyOf(body);
  const parsed = bodySchema.safeParse(body);
  const faults = parsed.success ? [] : violationsOf(parsed.error, body).slice(0, MAX_TOLD_FAULTS);
  refuseFaults([...faults, ...policyViolations(policy, { field: "clientIpResolutionConfig", providers })]);
  const { evidence, maxSamples = DEFAULT_SAMPLES } = bodySchema.parse(body);
  const requests = evidence.map(({ peer, headers = [] }) => ({ peer: peer ?? undefined, headers: headers as readonly HeaderField[] }));
  return { policy: policy as JsonObject, evidence: requests, maxSamples };
}

function comparisonJson({ transitions, ...counts }: Comparison): object {
  return { ...counts, transitions: transitions.map(transitionJson) };
}

function transitionJson({ isOtherAddress, ...transition }: Transition): object {
  return { ...transition, otherAddress: isOtherAddress };
}

/** Two pieces of advice are the same when they say the same of the same place. */
function advisoriesBetween(before: readonly Advisory[], after: readonly Advisory[]): object {
  const keyOf = ({ code, pointer, summary }: Advisory): string => JSON.stringify([code, pointer, summary]);
  const [had, has] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return {
    added: after.filter((advisory) => !had.has(keyOf(advisory))),
    removed: before.filter((advisory) => !has.has(keyOf(advisory))),
    kept: after.filter((advisory) => had.has(keyOf(advisory))),
  };
}
