import { isDeepStrictEqual } from "node:util";
import { BOTS_METHOD, type BotReason, type Bots, type Endings } from "@wherefrom/model";
import { found } from "../api/environments.ts";
import { changeSideAndPublish } from "../change.ts";
import type { IncidentRecord } from "../config-store/incident-port.ts";
import type { EnvironmentKey, EnvironmentRecord } from "../config-store/port.ts";
import type { ControlParts } from "../parts.ts";
import { enforcedActions, securityOf } from "../security-content.ts";

/**
 * Brings the clients that security actions mean by `botReasons` to what incidents say: those of incidents that are not closed, that were seen in the last
 * `botHoldMs`, and that are not addresses that many people share. Gateways get them as a revision of the environment, and only when there is another list.
 * `endings`: those of earlier looks, so that a clock that is put back holds nobody longer.
 */
export async function refreshBots(
  parts: ControlParts,
  { key, environment, endings }: { readonly key: EnvironmentKey; readonly environment: EnvironmentRecord; readonly endings: Endings },
): Promise<void> {
  const bots = await botsOf(parts, { key, environment, endings });
  if (isDeepStrictEqual(bots, securityOf(environment).bots)) return;
  await changeSideAndPublish(parts, {
    ...key,
    by: {
      at: parts.now(),
      author: "wherefrom",
      isAuthorVerified: true,
      method: BOTS_METHOD,
      reason: "Other clients look like bots, or are meant",
    },
    decide(standing) {
      const current = found(standing, key.environment);
      return { current, side: { security: { ...securityOf(current), bots } } };
    },
  });
}

type BotParts = Pick<ControlParts, "limits"> & { readonly store: { readonly incidents: Pick<ControlParts["store"]["incidents"], "list"> } };

/** One list for each reason that is asked for; `undefined` when none is. Sorted, so that the same clients are the same list. */
export async function botsOf(
  { store, limits }: BotParts,
  { key, environment, endings }: { readonly key: EnvironmentKey; readonly environment: EnvironmentRecord; readonly endings: Endings },
): Promise<Bots[] | undefined> {
  const asked = enforcedActions(securityOf(environment)).flatMap(({ conditionConfig }) => conditionConfig.botReasons ?? []);
  if (asked.length === 0) return undefined;
  const incidents = await store.incidents.list(key, { limit: limits.maxIncidents });
  const isHeld = ({ id, lastSeenAt }: IncidentRecord): boolean =>
    !endings.isOver({ key: `${id} ${lastSeenAt}`, endsAtMs: lastSeenAt + limits.botHoldMs });
  const meant = incidents.filter((incident) => incident.state !== "CLOSED" && !incident.isShared && isHeld(incident));
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
