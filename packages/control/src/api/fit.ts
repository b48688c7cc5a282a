import { diagnose } from "@wherefrom/diagnosis";
import { parsePolicy } from "wherefrom";
import { z } from "zod";
import type { EnvironmentKey } from "../config-store/port.ts";
import { factsOfEnvironment } from "../environment-facts.ts";
import { type EventStore, QuestionTooCostly } from "../event-store/port.ts";
import { hopCounts, judgeFit } from "../fit.ts";
import { ApiError } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { providersFor } from "../ranges.ts";
import { type Recent, type RecentTraffic, readRecentTraffic } from "../recent-traffic.ts";
import { factsOfTraffic, localRequests } from "../traffic-facts.ts";
import { theCatalogue } from "./diagnose.ts";
import { requireEnvironment } from "./environments.ts";
import { requireEventStore } from "./require-event-store.ts";

/** Causes that are named: the likeliest, of those that something speaks for. */
const MAX_CAUSES = 3;

const countsSchema = z.record(z.string(), z.int());

const findingSchema = z
  .object({
    kind: z.enum(["fallbacks", "no-address", "private-results", "one-address"]),
    share: z.number().describe("Of the requests, from 0 to 1"),
  })
  .meta({ id: "FitFinding" });

const fitSchema = z
  .object({
    name: z.string(),
    revisionId: z.string(),
    verdict: z.enum(["FITS", "MISFITS", "UNKNOWN"]).describe("UNKNOWN: fewer than 20 requests ran by this revision in the last 15 minutes"),
    requests: z.int().describe("Those that ran by this revision in the last 15 minutes"),
    fallbacks: countsSchema.describe("Requests for which the algorithm had no address, by the reason"),
    rejected: z.int(),
    privateResults: z.int().describe("Requests of an address that no client on the internet has"),
    topAddressRequests: z.int().describe("Requests of the commonest address"),
    hops: countsSchema.describe("Requests by the number of hops in X-Forwarded-For, of its 1,000 commonest values"),
    findings: z.array(findingSchema),
    causes: z.array(z.string()).describe("What may be behind the findings, as diagnose names it, the likeliest first"),
    undecided: z.boolean().describe("Whether the first could still be another"),
  })
  .meta({ id: "EnvironmentFit" });

/** Whether the policy fits what happened lately. What it answers is seen, not proven: no traffic says who the clients really are. */
export const getFit: Endpoint = {
  summary: "Whether the policy fits the traffic of the last 15 minutes, and what may be wrong",
  answers: fitSchema,
  async handle(call) {
    const { parts, store, organization, param } = call;
    const record = await requireEnvironment(store, param("env"));
    const { name, settings, revision } = record;
    const eventStore = requireEventStore(call);
    const traffic = await readWithinMeans(eventStore, { key: { organization, environment: name }, revision, until: parts.now() + 1 });
    const fit = judgeFit(traffic);
    const policy = parsePolicy(settings.clientIpResolutionConfig ?? {}, { providers: providersFor(parts.ranges, record) });
    const facts = { ...factsOfEnvironment({ policy, revision, fleet: [] }), ...factsOfTraffic(traffic) };
    const diagnosis = diagnose(theCatalogue(), new Map(Object.entries(facts)));
    const suspects = diagnosis.causes.filter((cause) => cause.for.length > 0).slice(0, MAX_CAUSES);
    return jsonAnswer({
      name,
      revisionId: String(revision),
      verdict: fit.kind.toUpperCase(),
      requests: traffic.requests,
      fallbacks: traffic.fallbacks,
      rejected: traffic.rejected,
      privateResults: localRequests(traffic.results),
      topAddressRequests: traffic.results.values[0]?.requests ?? 0,
      hops: Object.fromEntries(hopCounts(traffic.chains)),
      findings: fit.kind === "misfits" ? fit.findings : [],
      causes: fit.kind === "misfits" ? suspects.map(({ id }) => id) : [],
      undecided: fit.kind === "misfits" && diagnosis.undecided,
    });
  },
};

/** Errors: `ApiError` STATS_TOO_LARGE. */
async function readWithinMeans(store: EventStore, { key, ...recent }: Recent & { readonly key: EnvironmentKey }): Promise<RecentTraffic> {
  try {
    return await readRecentTraffic(store, key, recent);
  } catch (error) {
    if (!(error instanceof QuestionTooCostly)) throw error;
    throw new ApiError(
      "STATS_TOO_LARGE",
      "Fit: Expected the events of 15 minutes to be read in time and room. Ask the stats for a part of them",
    );
  }
}
