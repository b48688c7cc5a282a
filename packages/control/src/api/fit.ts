import { z } from "zod";
import { type Assessment, assessFit } from "../assess-fit.ts";
import { hopCounts } from "../chain-shape.ts";
import { chainsIn, countedHeader } from "../counted-hops.ts";
import { QuestionTooCostly } from "../event-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import type { OpenMisfit } from "../misfit.ts";
import { localRequests, providerRequests } from "../result-kinds.ts";
import { sumOfCounts } from "../sum-of-counts.ts";
import { requireEnvironment } from "./environments.ts";
import { requireEventStore } from "./require-event-store.ts";

const countsSchema = z.record(z.string(), z.int());

const findingSchema = z
  .object({
    kind: z.enum([
      "fallbacks",
      "no-address",
      "private-results",
      "provider-results",
      "one-address",
      "short-chains",
      "long-chains",
      "websocket-differs",
    ]),
    share: z.number().describe("Of the requests, from 0 to 1"),
    algorithm: z
      .string()
      .optional()
      .describe("Of short-chains and long-chains: the entrance that counts, where the policy has several; the share is of its requests"),
    reasons: z
      .record(z.string(), z.number())
      .optional()
      .describe("The same by the reason why the algorithm had no address; of fallbacks and no-address"),
  })
  .meta({ id: "FitFinding" });

const signShape = {
  findings: z.array(findingSchema),
  causes: z.array(z.string()).describe("What may be behind the findings, as diagnose names it, the likeliest first"),
  undecided: z.boolean().describe("Whether the first could still be another"),
  proposal: z
    .looseObject({})
    .optional()
    .describe("A clientIpResolutionConfig that fits what was seen, for a probe to confirm; absent where the traffic does not say"),
};

const openSchema = z
  .object({
    since: z.string().meta({ format: "google-datetime" }).describe("When the first look saw it"),
    revisionId: z.string().describe("The newest in whose traffic it was seen"),
    ...signShape,
  })
  .meta({ id: "OpenMisfit" });

const fitSchema = z
  .object({
    name: z.string(),
    revisionId: z.string(),
    verdict: z.enum(["FITS", "MISFITS", "UNKNOWN"]).describe("UNKNOWN: fewer than 20 requests ran by this policy in the last 15 minutes"),
    requests: z.int().describe("Those that ran by this policy in the last 15 minutes"),
    fallbacks: countsSchema.describe("Requests for which the algorithm had no address and something else was taken, by the reason"),
    rejected: z.int(),
    rejections: countsSchema.describe("Requests that were rejected for want of an address, by the reason"),
    privateResults: z.int().describe("Requests of an address that no client on the internet has"),
    providerResults: z.int().describe("Requests of an address that a provider's proxies have"),
    topAddressRequests: z.int().describe("Requests of the commonest address"),
    hopsHeader: z
      .string()
      .describe(
        "The header that hops are counted in: the one that the policy counts in, and X-Forwarded-For where it counts in none or has several entrances",
      ),
    hops: countsSchema.describe(
      "Requests by the number of hops in that header, of its 1,000 commonest values; without those that came past the trusted peers",
    ),
    ...signShape,
    openMisfit: openSchema
      .optional()
      .describe("What several looks in a row saw, and what none has taken back: it is looked at every minute"),
  })
  .meta({ id: "EnvironmentFit" });

/** Whether the policy fits what happened lately. What it answers is seen, not proven: no traffic says who the clients really are. */
export const getFit: Endpoint = {
  summary: "Whether the policy fits the traffic of the last 15 minutes, and what may be wrong",
  answers: fitSchema,
  async handle(call) {
    const { parts, store, organization, param } = call;
    const record = await requireEnvironment(store, param("env"));
    const assessed = { organization, record, eventStore: requireEventStore(call), signal: call.signal };
    const { traffic, policy, fit, misfit } = await assessWithinMeans(parts, assessed);
    const { revision, ...signs } = misfit;
    const { open } = await parts.store.fitCourses.read({ organization, environment: record.name, uid: record.uid });
    return jsonAnswer({
      name: record.name,
      revisionId: String(revision),
      verdict: fit.toUpperCase(),
      requests: traffic.requests,
      fallbacks: traffic.fallbacks,
      rejected: sumOfCounts(traffic.rejections),
      rejections: traffic.rejections,
      privateResults: localRequests(traffic.results),
      providerResults: providerRequests(traffic.results),
      topAddressRequests: traffic.results.values[0]?.requests ?? 0,
      hopsHeader: countedHeader(policy),
      hops: Object.fromEntries(hopCounts(chainsIn(countedHeader(policy), traffic))),
      ...signs,
      ...(open && { openMisfit: openJson(open) }),
    });
  },
};

function openJson({ since, revision, findings, causes, ...signs }: OpenMisfit): z.output<typeof openSchema> {
  return { since: new Date(since).toISOString(), revisionId: String(revision), findings: [...findings], causes: [...causes], ...signs };
}

/** Errors: `ApiError` STATS_TOO_LARGE. */
async function assessWithinMeans(...given: Parameters<typeof assessFit>): Promise<Assessment> {
  try {
    return await assessFit(...given);
  } catch (error) {
    if (!(error instanceof QuestionTooCostly)) throw error;
    throw new ApiError(
      "STATS_TOO_LARGE",
      "Fit: Expected the events of 15 minutes to be read in time and room. Ask the stats for a part of them",
    );
  }
}
