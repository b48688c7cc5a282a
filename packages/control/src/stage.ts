import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { DEFAULT_ROLLOUT, type RolloutSettings } from "@wherefrom/model";
import type { Change, EnvironmentContent, Stage } from "./config-store/port.ts";
import type { FleetGateway } from "./fleet.ts";
import { ApiError } from "./http/api-error.ts";

/** Who tries a change first, if anybody: a share of this fleet that stands before what the environment says. */
export type Staging = { readonly fleet: readonly FleetGateway[]; readonly share?: number | undefined };

/**
 * A change as it is published: to some gateways first where the environment, or the write itself, says so, and there is something to try:
 * an environment that gateways run already, another policy, other ranges or routes, and a gateway. Pure.
 */
export function staged(
  change: Change<EnvironmentContent>,
  current: EnvironmentContent | undefined,
  { fleet, share: asked }: Staging,
): Change<EnvironmentContent> {
  if (change.kind === "delete" || current === undefined) return change;
  const { content } = change;
  const { rollout } = content.settings;
  const share = asked ?? (rollout && shareOf(rollout));
  if (share === undefined || share === 100 || isSameForGateways(content, current)) return change;
  const firstGateways = firstOf(fleet, share);
  return firstGateways.length === 0 ? change : { ...change, content: { ...content, stage: stageOf(firstGateways, rollout ?? {}) } };
}

/**
 * Refuses a change of what is being tried: nobody could say any more which of the two the first gateways are judged by.
 *
 * Errors: `ApiError` ROLLOUT_UNDER_WAY.
 */
export function requireNoStage(current: EnvironmentContent | undefined): void {
  if (current?.stage === undefined) return;
  const wayOut = "Promote it, abort it, or roll back";
  throw new ApiError(
    "ROLLOUT_UNDER_WAY",
    `Environment: Expected one without a rollout under way, received one that tries a change. ${wayOut}`,
  );
}

function shareOf({ share = DEFAULT_ROLLOUT.share }: RolloutSettings): number {
  return share;
}

function stageOf(firstGateways: readonly string[], given: RolloutSettings): Stage {
  const {
    watch = DEFAULT_ROLLOUT.watch,
    maxFallbackRise = DEFAULT_ROLLOUT.maxFallbackRise,
    minRequests = DEFAULT_ROLLOUT.minRequests,
  } = given;
  return { firstGateways, watchMs: Math.round(Number.parseFloat(watch) * 1_000), maxFallbackRise, minRequests };
}

/** Names and descriptions are nothing that a gateway could try. */
function isSameForGateways(left: EnvironmentContent, right: EnvironmentContent): boolean {
  const seen = ({ settings, routes, ranges }: EnvironmentContent): object =>
    JSON.parse(JSON.stringify({ policy: settings.clientIpResolutionConfig ?? {}, routes, ranges })) as object;
  return isDeepStrictEqual(seen(left), seen(right));
}

/** The same gateways each time: those whose names have the lowest hashes. At least one; of those that are there, if any are. */
function firstOf(fleet: readonly FleetGateway[], share: number): readonly string[] {
  const present = fleet.filter(({ isStale }) => !isStale);
  const names = (present.length > 0 ? present : fleet).map(({ name }) => name);
  const ranked = names.map((name) => ({ name, rank: createHash("sha256").update(name).digest("hex") }));
  ranked.sort((left, right) => (left.rank < right.rank ? -1 : 1));
  return ranked
    .slice(0, Math.ceil((names.length * share) / 100))
    .map(({ name }) => name)
    .sort();
}
