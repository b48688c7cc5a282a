import { isDeepStrictEqual } from "node:util";
import { revisionKindOf } from "@wherefrom/model";
import { environmentName } from "./api/environment-json.ts";
import {
  type Change,
  type Changed,
  type Decide,
  type DecideAll,
  type EnvironmentContent,
  type EnvironmentRecord,
  type Stamp,
  StoreUnavailable,
} from "./config-store/port.ts";
import { deliveryOf } from "./delivery.ts";
import type { ControlParts } from "./parts.ts";
import type { Publication } from "./publish.ts";
import { providersFor, withRanges } from "./ranges.ts";
import { requireNoStage, staged } from "./stage.ts";
import { requireOthers, stageStart } from "./standing-stage.ts";

export type Published = Changed<EnvironmentContent> & {
  /** Connected gateways that had not answered for the new revision when the wait was over. */
  readonly lateGateways: readonly string[];
};

type EnvironmentChange = {
  readonly organization: string;
  readonly environment: string;
  readonly by: Stamp;
  readonly decide: Decide;
  /**
   * Who gets it. `all`: every gateway at once, also when something is tried on some, which ends with it. `first`: those that the environment
   * says, or a `share` of them in percent. Without it every gateway, and only while nothing is tried.
   */
  readonly audience?: "all" | { readonly kind: "first"; readonly share?: number | undefined };
};

/**
 * Changes an environment, offers the result to its gateways and waits until the connected ones have answered, `maxPublishWaitMs`
 * at most. The change is durable before it is offered, and stands whatever the gateways say.
 */
export async function changeAndPublish(parts: ControlParts, change: EnvironmentChange): Promise<Published> {
  const { organization, environment, by, decide, audience } = change;
  const decideWhole: Decide = async (current, beside) => {
    const decided = await decide(current, beside);
    if (decided.kind === "write" && decided.content === current) return decided;
    if (audience !== "all" && decided.kind === "write") requireNoStage(current);
    const whole = changeWithRanges(parts, decided, current);
    if (typeof audience !== "object") return whole;
    return staged(whole, current, { share: audience.share, fleet: parts.fleet.among(await beside.gateways(), change) });
  };
  const changed = await parts.store.of(organization).change(environment, { by, decide: decideWhole });
  return publish(parts, { ...changed, organization, environment });
}

type SideContent = Pick<EnvironmentContent, "security" | "debug">;

type SideChange = Omit<EnvironmentChange, "decide" | "audience"> & {
  /** What it gives back stands afterwards, the rest as before. */
  readonly decide: (current: EnvironmentRecord | undefined) => { readonly current: EnvironmentRecord; readonly side: SideContent };
};

/**
 * Changes what is never tried: security actions and debug sessions. All gateways get it at once, each beside the policy and routes that it runs. While
 * a change is tried on some, that makes two revisions in one step: what the others run and what is tried, both with the change. So a ban waits for
 * no rollout, decides none, and no revision ever says two things. It waits for the gateways as `changeAndPublish` does.
 */
export async function changeSideAndPublish(parts: ControlParts, change: SideChange): Promise<Published> {
  const { organization, environment, by } = change;
  // or history would keep it among policies
  if (revisionKindOf(by.method) === "configuration") throw new Error(`Expected a method of SIDE_METHODS, received ${by.method}`);
  const decide: Decide = (standing, { others }) => {
    const { current, side } = change.decide(standing);
    if (isDeepStrictEqual({ ...current, ...side }, current)) return { kind: "write", content: current };
    if (current.stage === undefined) return { kind: "write", content: { ...current, ...side } };
    const stage = { ...current.stage, began: stageStart(current) };
    return { kind: "write", content: { ...current, stage, ...side }, others: { ...requireOthers(current, others), ...side } };
  };
  const changed = await parts.store.of(organization).change(environment, { by, decide });
  return publish(parts, { ...changed, organization, environment });
}

type OrganizationChange = {
  readonly organization: string;
  readonly by: Stamp;
  readonly decide: DecideAll;
  /** Whether changes are tried on some gateways first, where their environments say so. */
  readonly isStaged?: boolean;
};

/**
 * Changes an organization and its environments, all or nothing, and offers each environment as `changeAndPublish` does. They share one
 * wait. Resolves with the environments.
 */
export async function changeAllAndPublish(
  parts: ControlParts,
  { organization, by, decide, isStaged = false }: OrganizationChange,
): Promise<ReadonlyMap<string, Published>> {
  const decideWhole: DecideAll = async (standing, gateways) => {
    const decided = await decide(standing, gateways);
    const environments = new Map<string, Change<EnvironmentContent>>();
    for (const [environment, step] of decided.environments) {
      const current = standing.environments.get(environment);
      if (step.kind === "write") requireNoStage(current);
      const whole = changeWithRanges(parts, step, current);
      const fleet = isStaged ? parts.fleet.among(await gateways(environment), { organization, environment }) : [];
      environments.set(environment, staged(whole, current, { fleet }));
    }
    return { ...decided, environments };
  };
  const { environments } = await parts.store.of(organization).changeAll({ by, decide: decideWhole });
  const publishing = [...environments].map(
    async ([environment, change]) => [environment, await publish(parts, { ...change, organization, environment })] as const,
  );
  return new Map(await Promise.all(publishing));
}

/**
 * Whatever is written, the ranges that the policy names are written with it: a revision says all that its gateways run by. Security actions
 * and debug sessions stay as they stand, unless the change is about them: also a rollback lets nobody in who was shut out since.
 */
function changeWithRanges(
  { ranges }: ControlParts,
  change: Change<EnvironmentContent>,
  current: EnvironmentContent | undefined,
): Change<EnvironmentContent> {
  if (change.kind === "delete") return change;
  const { security = current?.security, debug = current?.debug, ...content } = change.content;
  return {
    ...change,
    content: withRanges({ ...content, ...(security && { security }), ...(debug && { debug }) }, providersFor(ranges, current)),
  };
}

/**
 * What the database does not do any more when a change is stored already. By itself it would say that nothing was; gateways get the change all the same, as
 * soon as the database can be read again: see follow-store.ts.
 */
async function afterStored<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new StoreUnavailable(error.message, { isOutcomeKnown: false, cause: error.cause });
  }
}

type Publishing = Changed<EnvironmentContent> & { readonly organization: string; readonly environment: string };

async function publish(parts: ControlParts, publishing: Publishing): Promise<Published> {
  const { publisher, metrics, limits, onNotice } = parts;
  const { organization, environment, revision, before, after } = publishing;
  const name = environmentName(organization, environment);
  const publication: Publication =
    after === undefined
      ? { kind: "gone", revision }
      : { kind: "delivery", delivery: await afterStored(deliveryOf(parts, organization, after)) };
  publisher.publish(name, publication);
  if (after === undefined) return { revision, before, after, lateGateways: [] };
  const startMs = performance.now();
  const lateGateways = await publisher.settled(name, { revision, timeoutMs: limits.maxPublishWaitMs });
  metrics.observePublication((performance.now() - startMs) / 1_000);
  if (lateGateways.length > 0) onNotice({ kind: "gateways-late", environment: name, revision, gateways: lateGateways });
  return { revision, before, after, lateGateways };
}
