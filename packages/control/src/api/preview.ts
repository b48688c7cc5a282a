import { camelNamed, diffJson, type EnvironmentSettings, jsonChangeSchema, wireFieldsOf } from "@wherefrom/model";
import { type Advisory, advise, type HeaderField, type Providers, parsePolicy } from "wherefrom";
import { z } from "zod";
import { judgedActions } from "../deciding-action.ts";
import { addressesOf } from "../event-privacy.ts";
import { QuestionTooCostly } from "../event-store/port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import type { JsonObject } from "../http/json-body.ts";
import { violationsOf } from "../http/violations.ts";
import { type Comparison, comparePolicies, type PreviewRequest, type Transition } from "../preview.ts";
import { providersFor } from "../ranges.ts";
import { readRecordedTraffic, TooManyGroups } from "../recorded-traffic.ts";
import { enforcedActions, securityOf } from "../security-content.ts";
import { advisorySchema } from "./advisory-schema.ts";
import { policyOf, policyViolations } from "./environment-body.ts";
import { requireEnvironment } from "./environments.ts";
import { evidenceShape } from "./evidence-schema.ts";
import { previewTagOf } from "./preview-tag.ts";
import { requireEventStore } from "./require-event-store.ts";

const DEFAULT_SAMPLES = 5;
const MAX_SAMPLES = 100;
const MAX_REQUESTS = 100_000;
/** Faults of the evidence that are told; what is wrong with the rest is most likely the same. */
const MAX_TOLD_FAULTS = 100;

const requestSchema = z.strictObject(evidenceShape).meta({ id: "PreviewEvidence" });

const timeSchema = z.iso.datetime({ offset: true, error: "Expected a time, such as 2027-01-31T12:00:00Z" });

const bodySchema = z
  .strictObject({
    clientIpResolutionConfig: z.record(z.string(), z.unknown(), "Expected an object").describe("The policy that is proposed"),
    evidence: z
      .array(requestSchema, "Expected a list of requests")
      .max(MAX_REQUESTS)
      .optional()
      .describe("Requests to try it on: peer and header fields as they came over the wire. Either this or recorded"),
    recorded: z
      .strictObject({ startTime: timeSchema, endTime: timeSchema }, "Expected an object of startTime and endTime")
      .refine(({ startTime, endTime }) => !(Date.parse(startTime) >= Date.parse(endTime)), "Expected an endTime after the startTime")
      .optional()
      .meta({ id: "PreviewRecorded" })
      .describe("Try it on the requests that were recorded from startTime up to, but without, endTime"),
    maxSamples: z.int().min(0).max(MAX_SAMPLES).optional().describe(`Samples of each transition. Default: ${DEFAULT_SAMPLES}`),
  })
  .refine(({ evidence, recorded }) => (evidence === undefined) !== (recorded === undefined), {
    error: "Expected either evidence or recorded",
    // told beside all other faults
    when: ({ value }) => typeof value === "object" && value !== null,
    path: ["evidence"],
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
    position: z.int().describe("Place in the evidence, from 1; of recorded traffic, among the requests that can be told apart"),
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

const actionChangeSchema = z
  .object({
    from: z.string().nullable().describe("Id of the security action; null: none decides"),
    to: z.string().nullable(),
    requests: z.int(),
  })
  .meta({ id: "PreviewActionChange" });

/** Why requests of recorded traffic could not be looked at. */
const notJudgedSchema = z.enum(["NOTHING_RECORDED", "ADDRESSES_TRUNCATED", "ADDRESSES_HASHED", "EVIDENCE_NOT_KEPT"]);

const answerSchema = z
  .object({
    etag: z.string().describe("With it in If-Match a change goes through only if it makes this policy out of this revision"),
    revisionId: z.string(),
    requests: z.int().describe("Requests that were looked at"),
    judged: z
      .boolean()
      .describe("Whether there was any request to look at. When not, nothing here says what the policy would change for requests"),
    otherAddress: z.int().describe("Requests with another address, with one instead of none, or with none instead of one"),
    otherKey: z.int().describe("Requests that would be limited by another key"),
    trustGained: z.int(),
    trustLost: z.int(),
    verified: beforeAndAfter,
    rejected: beforeAndAfter.describe("Requests without an address"),
    transitions: z.array(transitionSchema).describe("What changes, the most frequent first"),
    withoutEvidence: z
      .int()
      .optional()
      .describe("Of recorded traffic: requests that could not be looked at, as nothing is kept of who claimed to be their client"),
    notJudgedReason: notJudgedSchema
      .optional()
      .describe(
        "Of recorded traffic: why some requests could not be looked at, or that there were none. How the environment keeps addresses now stands for how it did",
      ),
    actionChanges: z
      .array(actionChangeSchema)
      .describe(
        "Of recorded traffic: requests about which another security action of those that now stand would decide, the most frequent first",
      ),
    actionsNotJudged: z
      .array(z.string())
      .describe("Security actions that are left out here: they ask for countries or networks, which only gateways can look up"),
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
  async handle(call) {
    const { parts, store, param } = call;
    const given = await call.body();
    const record = await requireEnvironment(store, param("env"));
    const providers = providersFor(parts.ranges, record);
    const { policy: after, maxSamples, source } = readBody(given, providers);
    const { settings, revision } = record;
    const { requests, withoutEvidence } = await requestsFrom(call, source);
    const actions = source.kind === "recorded" ? enforcedActions(securityOf(record)) : [];
    const { decidingAction, notJudged } = judgedActions(actions, { bots: securityOf(record).bots ?? [], nowMs: parts.now() });
    const before = settings.clientIpResolutionConfig ?? {};
    const policies = { before: parsePolicy(before, { providers }), after: parsePolicy(after, { providers }), maxSamples };
    const comparison = await comparePolicies(requests, { ...policies, decidingAction, signal: call.signal });
    const now = new Date(parts.now()).toISOString();
    const etag = previewTagOf(revision, after);
    const answer = {
      etag,
      revisionId: String(revision),
      ...comparisonJson(comparison),
      judged: comparison.requests > 0,
      ...(withoutEvidence !== undefined && {
        withoutEvidence,
        notJudgedReason: notJudgedReason(comparison, { withoutEvidence, settings }),
      }),
      actionsNotJudged: notJudged,
      changes: diffJson(before, after),
      advisories: advisoriesBetween(advise(before, { now, providers }), advise(after, { now, providers })),
    };
    return jsonAnswer(answer, etag);
  },
};

type Source =
  | { readonly kind: "given"; readonly requests: readonly PreviewRequest[] }
  | { readonly kind: "recorded"; readonly from: number; readonly until: number };

type PreviewBody = { readonly policy: JsonObject; readonly source: Source; readonly maxSamples: number };

function readBody(given: JsonObject, providers: Providers): PreviewBody {
  const body = camelNamed(given, FIELDS) as JsonObject;
  const policy = policyOf(body);
  const parsed = bodySchema.safeParse(body);
  const faults = parsed.success ? [] : violationsOf(parsed.error, body).slice(0, MAX_TOLD_FAULTS);
  refuseFaults([...faults, ...policyViolations(policy, { field: "clientIpResolutionConfig", providers })]);
  const { maxSamples = DEFAULT_SAMPLES, ...rest } = bodySchema.parse(body);
  return { policy: policy as JsonObject, source: sourceOf(rest), maxSamples };
}

function sourceOf({ evidence = [], recorded }: Pick<z.infer<typeof bodySchema>, "evidence" | "recorded">): Source {
  if (recorded !== undefined) return { kind: "recorded", from: Date.parse(recorded.startTime), until: Date.parse(recorded.endTime) };
  const requests = evidence.map(({ peer, headers = [] }) => ({ peer: peer ?? undefined, headers: headers as readonly HeaderField[] }));
  return { kind: "given", requests };
}

/** Errors: `ApiError` EVENT_STORE_ABSENT, PREVIEW_TOO_LARGE. */
async function requestsFrom(
  call: Call,
  source: Source,
): Promise<{ readonly requests: readonly PreviewRequest[]; readonly withoutEvidence?: number }> {
  if (source.kind === "given") return source;
  const { from, until } = source;
  const key = { organization: call.organization, environment: call.param("env") };
  try {
    return await readRecordedTraffic(requireEventStore(call), key, { from, until, maxGroups: MAX_REQUESTS, signal: call.signal });
  } catch (error) {
    if (!(error instanceof TooManyGroups) && !(error instanceof QuestionTooCostly)) throw error;
    throw new ApiError(
      "PREVIEW_TOO_LARGE",
      `recorded: Expected a range that is read in time, with at most ${MAX_REQUESTS} requests that can be told apart. Preview a shorter one`,
    );
  }
}

function notJudgedReason(
  { requests }: Comparison,
  { withoutEvidence, settings }: { readonly withoutEvidence: number; readonly settings: EnvironmentSettings },
): z.output<typeof notJudgedSchema> | undefined {
  if (withoutEvidence === 0) return requests === 0 ? "NOTHING_RECORDED" : undefined;
  switch (addressesOf(settings)) {
    case "PLAIN":
      return "EVIDENCE_NOT_KEPT";
    case "TRUNCATED":
      return "ADDRESSES_TRUNCATED";
    case "HASHED":
      return "ADDRESSES_HASHED";
  }
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
