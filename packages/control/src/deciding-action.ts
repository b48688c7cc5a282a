import { type Bots, type SecurityAction, SecurityActions } from "@wherefrom/model";
import type { DecidingAction } from "./preview.ts";

const NOWHERE = { asn: undefined, region: undefined };

/** What is known here of the security actions of an environment. */
export type JudgedActions = {
  readonly decidingAction: DecidingAction;
  /** Ids of those that ask where an address is from: only gateways can look that up. */
  readonly notJudged: readonly string[];
};

/**
 * Asks which security action decides about requests that were recorded. One that is only observed decides nothing. A user agent is compared as
 * its event has it, in printable ASCII.
 */
export function judgedActions(
  enforced: readonly SecurityAction[],
  { bots, nowMs }: { readonly bots: readonly Bots[]; readonly nowMs: number },
): JudgedActions {
  const isJudged = ({ conditionConfig: { asns, regionCodes } }: SecurityAction): boolean => asns === undefined && regionCodes === undefined;
  const actions = SecurityActions.of(enforced.filter(isJudged), bots);
  return {
    decidingAction: ({ method = "", userAgent, api }, resolution) =>
      actions.isEmpty
        ? undefined
        : actions.judge({
            resolution,
            method,
            userAgents: () => (userAgent === undefined ? [] : [userAgent]),
            placeOf: () => NOWHERE,
            routeName: () => api,
            isOver: ({ endsAtMs }) => nowMs >= endsAtMs,
          }).enforced?.name,
    notJudged: enforced.filter((action) => !isJudged(action)).map(({ name }) => name),
  };
}
