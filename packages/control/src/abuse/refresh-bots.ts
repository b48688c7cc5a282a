import { isDeepStrictEqual } from "node:util";
import { type BotReason, type Bots, BY_CONTROL_METHOD } from "@wherefrom/model";
import { found } from "../api/environments.ts";
import { changeSideAndPublish } from "../change.ts";
import type { EnvironmentKey, EnvironmentRecord } from "../config-store/port.ts";
import type { ControlParts } from "../parts.ts";
import { enforcedActions, securityOf } from "../security-content.ts";

/**
 * Brings the clients that security actions mean by `botReasons` to what incidents say: those of incidents that are not closed, that were seen in the last
 * `botHoldMs`, and that are not addresses that many people share. Gateways get them as a revision of the environment, and only when there is another list.
 */
export async function refreshBots(parts: ControlParts, key: EnvironmentKey, environment: EnvironmentRecord): Promise<void> {
  const bots = await botsOf(parts, key, environment);
  if (isDeepStrictEqual(bots, securityOf(environment).bots)) return;
  await changeSideAndPublish(parts, {
    ...key,
    by: {
      at: parts.now(),
      author: "wherefrom",
      isAuthorVerified: true,
      method: BY_CONTROL_METHOD,
      reason: "Other clients look like bots, or are meant",
    },
    decide(standing) {
      const current = found(standing, key.environment);
      return { current, side: { security: { ...securityOf(current), bots } } };
    },
  });
}

/** One list for each reason that is asked for; `undefined` when none is. Sorted, so that the same clients are the same list. */
async function botsOf(
  { store, limits, now }: ControlParts,
  key: EnvironmentKey,
  environment: EnvironmentRecord,
): Promise<Bots[] | undefined> {
  const asked = enforcedActions(securityOf(environment)).flatMap(({ conditionConfig }) => conditionConfig.botReasons ?? []);
  if (asked.length === 0) return undefined;
  const incidents = await store.incidents.list(key, { limit: limits.maxIncidents });
  const seenSince = now() - limits.botHoldMs;
  const meant = incidents.filter(({ state, isShared, lastSeenAt }) => state !== "CLOSED" && !isShared && lastSeenAt > seenSince);
  const networksFor = (reason: BotReason): string[] => [
    ...new Set(
      meant
        .filter(({ rule }) => rule === reason)
        .map(({ client }) => client)
        .toSorted(),
    ),
  ];
  return [...new Set(asked)].toSorted().map((reason) => ({ reason, networks: networksFor(reason) }));
}
