import { environmentSchema, refusedSnapshotSchema } from "@wherefrom/model";
import { z } from "zod";
import type { EnvironmentRecord } from "../config-store/port.ts";
import { abortStage, promoteStage, rolloutAbsent } from "../end-stage.ts";
import { type Answer, type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import { judgeStage, type RolloutGateway, rolloutOf } from "../rollout.ts";
import { stageStart } from "../standing-stage.ts";
import { sumOfCounts } from "../sum-of-counts.ts";
import { environmentJson, environmentName } from "./environment-json.ts";
import { found, requireEnvironment } from "./environments.ts";

const shareSchema = z.number().optional();
const timeSchema = z.string().meta({ format: "google-datetime" });

const gatewaySchema = z
  .object({
    name: z.string(),
    state: z
      .enum(["CURRENT", "BEHIND", "AHEAD", "REFUSED", "STALE"])
      .describe("STALE: not heard of for so long that nobody knows; AHEAD: control's database was set back"),
    wantedRevision: z.int(),
    servedRevision: z.int().optional().describe("Absent before its first report"),
    lag: z.int().describe("Revisions that it is behind"),
    first: z.boolean().describe("Whether it is one of those that try the newest revision"),
    connected: z.boolean().describe("Whether it has an event stream open to this control"),
    heardTime: timeSchema.optional(),
    servedSince: timeSchema.optional(),
    version: z.string().optional(),
    requests: z
      .int()
      .optional()
      .describe(
        "Requests that it has resolved by that revision, and by those before that differ only in security actions and debug sessions",
      ),
    fallbackShare: shareSchema.describe("Part of them for which the algorithm had no address"),
    fallbacks: z.record(z.string(), z.int()).optional().describe("Those, by the reason"),
    refused: refusedSnapshotSchema.optional(),
  })
  .meta({ id: "RolloutGateway" });

const stageSchema = z
  .object({
    firstGateways: z.array(z.string()),
    previousRevision: z.int().describe("What the other gateways run"),
    startTime: timeSchema,
    endTime: timeSchema.describe("When it is judged for the last time, if nothing is missing then"),
    maxFallbackRise: z.number(),
    minRequests: z.int(),
    requests: z.int().describe("Requests that the first gateways have resolved by what is tried"),
    fallbackShare: shareSchema.describe("Part of them for which the algorithm had no address"),
    usualShare: shareSchema.describe("The same part before, or on the other gateways; absent when there were too few requests to know"),
    waitsFor: z.string().describe("What has to happen until it goes on"),
  })
  .meta({ id: "RolloutStage" });

const rolloutSchema = z
  .object({
    name: z.string(),
    revision: z.int().describe("The newest"),
    state: z.enum(["STAGED", "PUBLISHING", "DONE"]),
    done: z.boolean().describe("Whether every gateway that is heard of runs the newest revision"),
    stage: stageSchema.optional(),
    misfitSince: timeSchema.optional().describe("While the policy does not fit its traffic: since when. More says `:fit`"),
    gateways: z.array(gatewaySchema),
  })
  .meta({ id: "Rollout" });

export const getRollout: Endpoint = {
  summary: "Which gateway runs what, and how far a change has come",
  answers: rolloutSchema,
  async handle({ parts, store, organization, param }) {
    const record = await requireEnvironment(store, param("env"));
    const { revision, state, gateways } = rolloutOf(record, await parts.fleet.of(organization, record.name));
    const { open: misfit } = await parts.store.fitCourses.read({ organization, environment: record.name, uid: record.uid });
    const rollout = {
      name: `${environmentName(organization, record.name)}/rollout`,
      revision,
      state,
      done: state === "DONE",
      stage: stageJson(record, { gateways, now: parts.now() }),
      ...(misfit && { misfitSince: new Date(misfit.since).toISOString() }),
      gateways: gateways.map(gatewayJson),
    };
    return jsonAnswer(rollout, etagOf(revision));
  },
};

export const promoteRollout: Endpoint = {
  summary: "Gives what some gateways try to all of them",
  answers: environmentSchema,
  isConditional: true,
  handle: (call) => end(call, promoteStage),
};

export const abortRollout: Endpoint = {
  summary: "Stops what some gateways try: all of them get what stood before",
  answers: environmentSchema,
  isConditional: true,
  handle: (call) => end(call, abortStage),
};

async function end(call: Call, how: typeof promoteStage): Promise<Answer> {
  const { parts, store, organization } = call;
  const environment = call.param("env");
  const standing = await requireEnvironment(store, environment);
  const ifMatch = call.header("if-match");
  requireMatch(ifMatch, standing.revision);
  if (standing.stage === undefined) throw rolloutAbsent(environment);
  const { after } = await how(parts, { organization, environment, began: stageStart(standing).revision, ifMatch, by: call.stamp() });
  const record = found(after, environment);
  return jsonAnswer(environmentJson(record), etagOf(record.revision));
}

type Seen = { readonly gateways: readonly RolloutGateway[]; readonly now: number };

function stageJson(record: EnvironmentRecord, { gateways, now }: Seen): z.output<typeof stageSchema> | undefined {
  const { stage, revision } = record;
  if (stage === undefined) return undefined;
  const { firstGateways, maxFallbackRise, minRequests, watchMs } = stage;
  const began = stageStart(record);
  const { why, requests, fallbackShare, usualShare } = judgeStage({ stage, revision, gateways, state: "STAGED", began, now });
  return {
    firstGateways: [...firstGateways],
    previousRevision: revision - 1,
    startTime: new Date(began.at).toISOString(),
    endTime: new Date(began.at + watchMs).toISOString(),
    maxFallbackRise,
    minRequests,
    requests,
    fallbackShare,
    usualShare,
    waitsFor: why,
  };
}

function gatewayJson(gateway: RolloutGateway): z.output<typeof gatewaySchema> {
  const { name, state, wantedRevision, isFirst, isConnected, heardAt, report } = gateway;
  const { revision, version, servedForMs, requests, fallbacks, refused } = report ?? {};
  return {
    name,
    state,
    wantedRevision,
    servedRevision: revision,
    lag: Math.max(wantedRevision - (revision ?? 0), 0),
    first: isFirst,
    connected: isConnected,
    ...(heardAt !== undefined && { heardTime: new Date(heardAt).toISOString() }),
    ...(heardAt !== undefined && servedForMs !== undefined && { servedSince: new Date(heardAt - servedForMs).toISOString() }),
    version,
    requests,
    ...(requests !== undefined && requests > 0 && { fallbackShare: sumOfCounts(fallbacks ?? {}) / requests }),
    fallbacks,
    ...(refused !== undefined && { refused: { revision: refused.revision, issues: [...refused.issues] } }),
  };
}
