import type { GatewayReport, RevisionCounts } from "@wherefrom/model";
import type { EnvironmentRecord, Stage, StageStart } from "./config-store/port.ts";
import type { FleetGateway } from "./fleet.ts";
import { sumOfCounts } from "./sum-of-counts.ts";

/** How far a gateway is with what it is to run. `STALE`: it has not been heard of, so nobody knows. */
export type RolloutState = "CURRENT" | "BEHIND" | "AHEAD" | "REFUSED" | "STALE";

/** A gateway in the course of a rollout. */
export type RolloutGateway = FleetGateway & {
  readonly wantedRevision: number;
  readonly state: RolloutState;
  /** Whether it is one of those that try the newest revision first. */
  readonly isFirst: boolean;
};

/** What an environment is to run, and who does. */
export type Rollout = {
  readonly revision: number;
  readonly state: "STAGED" | "PUBLISHING" | "DONE";
  readonly gateways: readonly RolloutGateway[];
};

/** Compares what every gateway is to run with what it said last. */
export function rolloutOf({ revision, stage }: Pick<EnvironmentRecord, "revision" | "stage">, fleet: readonly FleetGateway[]): Rollout {
  const gateways = fleet.map((gateway) => {
    const isFirst = stage?.firstGateways.includes(gateway.name) === true;
    const wantedRevision = stage === undefined || isFirst ? revision : revision - 1;
    return { ...gateway, wantedRevision, isFirst, state: stateOf(gateway, wantedRevision) };
  });
  const isDone = gateways.every(({ state }) => state === "CURRENT" || state === "STALE");
  return { revision, gateways, state: stage !== undefined ? "STAGED" : isDone ? "DONE" : "PUBLISHING" };
}

function stateOf({ isStale, report }: FleetGateway, wanted: number): RolloutState {
  if (isStale) return "STALE";
  const served = report?.revision ?? 0;
  if (served === wanted) return "CURRENT";
  if (report?.refused?.revision === wanted) return "REFUSED";
  return served > wanted ? "AHEAD" : "BEHIND";
}

/** What a stage has come to. `waiting` and `promote` and `stop` say why, for people. */
export type StageVerdict = {
  readonly kind: "waiting" | "promote" | "stop";
  readonly why: string;
  /** What the first gateways have counted under the revision. */
  readonly requests: number;
  readonly fallbackShare: number | undefined;
  /** The share that is usual: what they counted under the revision before, or else what the others count. */
  readonly usualShare: number | undefined;
};

type StageSight = Rollout & { readonly stage: Stage; readonly began: StageStart; readonly now: number };

/**
 * Judges what some gateways try: its first revision, and each second one since, for a ban makes two, the former of which is what the others run. A rise is told at any time; that all is well, only at the end of the time, when every first
 * gateway runs the newest and they have answered enough requests by it. Pure.
 *
 * Without enough requests to know the usual share it counts as 0: then any fallback is a rise.
 */
export function judgeStage({ stage, revision, gateways, began, now }: StageSight): StageVerdict {
  const { maxFallbackRise, minRequests, watchMs } = stage;
  const first = gateways.filter(({ isFirst }) => isFirst);
  const isTried = (at: number): boolean => at >= began.revision && at <= revision && (at - began.revision) % 2 === 0;
  const isFormer = (at: number): boolean => at >= began.revision - 1 && at < revision && !isTried(at);
  const tried = totalOf(first.flatMap(({ report }) => countsUnder(report, isTried)));
  const own = totalOf(first.flatMap(({ report }) => countsUnder(report, isFormer)));
  const others = totalOf(gateways.filter(({ isFirst }) => !isFirst).flatMap(({ report }) => countsUnder(report, isFormer)));
  const usualShare = shareOf([own, others].find(({ requests }) => requests >= minRequests));
  const figures = { requests: tried.requests, fallbackShare: shareOf(tried), usualShare };
  const verdict = (kind: StageVerdict["kind"], why: string): StageVerdict => ({ kind, why, ...figures });

  const refusing = first.find(({ report }) => report?.refused !== undefined && isTried(report.refused.revision));
  if (refusing !== undefined) return verdict("stop", `Gateway ${refusing.name} refused it`);
  const rise = (figures.fallbackShare ?? 0) - (usualShare ?? 0);
  if (tried.requests >= minRequests && rise > maxFallbackRise) {
    const shares = `${percent(figures.fallbackShare)} of ${tried.requests} requests fell back on the first gateways, ${percent(usualShare)} are usual`;
    return verdict("stop", `${shares}; more than ${percent(maxFallbackRise)} more`);
  }
  if (now < began.at + watchMs) return verdict("waiting", "The time is not over");
  const late = stage.firstGateways.find((name) => !first.some((gateway) => gateway.name === name && gateway.state === "CURRENT"));
  if (late !== undefined) return verdict("waiting", `Gateway ${late} does not run it`);
  const missing = minRequests - tried.requests;
  if (missing > 0) return verdict("waiting", `The first gateways have not answered enough requests by it: ${missing} are missing`);
  return verdict("promote", `${percent(figures.fallbackShare)} of ${tried.requests} requests fell back on the first gateways`);
}

type Total = { readonly requests: number; readonly fallbacks: number };

/** Of both that a gateway counts: one that begins anew with each revision may have counted under what is tried twice. */
function countsUnder(report: GatewayReport | undefined, isMeant: (revision: number) => boolean): readonly RevisionCounts[] {
  if (report === undefined) return [];
  const { revision, requests = 0, fallbacks = {}, before } = report;
  return [{ revision, requests, fallbacks }, ...(before === undefined ? [] : [before])].filter((counts) => isMeant(counts.revision));
}

function totalOf(all: readonly RevisionCounts[]): Total {
  return {
    requests: all.reduce((sum, { requests }) => sum + requests, 0),
    fallbacks: all.reduce((sum, counts) => sum + sumOfCounts(counts.fallbacks), 0),
  };
}

function shareOf(total: Total | undefined): number | undefined {
  return total === undefined || total.requests === 0 ? undefined : total.fallbacks / total.requests;
}

function percent(share: number | undefined): string {
  return `${Number(((share ?? 0) * 100).toFixed(2))} %`;
}
