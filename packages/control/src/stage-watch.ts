import { environmentName } from "./api/environment-json.ts";
import type { Stamp } from "./config-store/port.ts";
import { type Delivery, deliveryOf } from "./delivery.ts";
import { abortStage, promoteStage } from "./end-stage.ts";
import { ApiError } from "./http/api-error.ts";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";
import { judgeStage, rolloutOf } from "./rollout.ts";
import { stageStart } from "./standing-stage.ts";

/**
 * Ends what is tried on some gateways, one way or the other. Looks every `stageLookMs` at what is tried: stops it when it does harm, gives it to everybody when it has stood the time. Several controls over one
 * database may look at the same: the first one decides.
 */
export function watchStages(parts: ControlParts): RegularLook {
  return lookRegularly({
    look: () => lookAtAll(parts),
    onFault: (error) => parts.onNotice({ kind: "rollout-failed", error }),
    everyMs: parts.limits.stageLookMs,
  });
}

/** Takes up what was tried when control was stopped. */
export async function resumeStages(parts: ControlParts): Promise<void> {
  for (const { name: organization } of await parts.store.organizations()) {
    const { environments } = await parts.store.of(organization).readAll();
    for (const record of environments.values()) {
      if (record.stage === undefined) continue;
      const delivery = await deliveryOf(parts, organization, record);
      parts.publisher.publish(environmentName(organization, record.name), { kind: "delivery", delivery });
    }
  }
}

/** What goes wrong with one environment keeps no other from being looked at. */
async function lookAtAll(parts: ControlParts): Promise<void> {
  for (const { organization, environment } of parts.publisher.staged()) {
    try {
      await lookAt(parts, { organization, environment });
    } catch (error) {
      // Somebody else has ended it in the meantime.
      if (error instanceof ApiError && error.reason === "ROLLOUT_ABSENT") continue;
      parts.onNotice({ kind: "rollout-failed", error });
    }
  }
}

async function lookAt(parts: ControlParts, { organization, environment }: Pick<Delivery, "organization" | "environment">): Promise<void> {
  const record = await parts.store.of(organization).read(environment);
  if (record?.stage === undefined) return;
  const { revision, stage } = record;
  const began = stageStart(record);
  const rollout = rolloutOf(record, await parts.fleet.of(organization, environment));
  const { kind, why } = judgeStage({ ...rollout, stage, began, now: parts.now() });
  if (kind === "waiting") return;
  const end = kind === "stop" ? abortStage : promoteStage;
  await end(parts, { organization, environment, began: began.revision, by: stampOf(parts, kind, why) });
  parts.onNotice({ kind: kind === "stop" ? "rollout-stopped" : "rollout-promoted", organization, environment, revision, why });
}

function stampOf({ now }: ControlParts, kind: "stop" | "promote", why: string): Stamp {
  const method = kind === "stop" ? "organizations.environments.abort" : "organizations.environments.promote";
  return { at: now(), author: "wherefrom", isAuthorVerified: true, method, reason: why };
}
