import { DEFAULT_ABUSE_DETECTION } from "@wherefrom/model";
import type { Prefix } from "wherefrom";
import type { Activity, ActivityWindow } from "./activity.ts";
import { type Floors, RULES, type Rule, type RuleName } from "./rules.ts";
import { looksShared, usualOf } from "./shared-address.ts";
import { spreadOf } from "./spread.ts";

/** What an environment may set. */
export type JudgeSettings = {
  /** Instead of a rule's own. */
  readonly floors: Readonly<Partial<Record<RuleName, Floors>>>;
  /** How many deviations above the median of all clients is far above. */
  readonly deviations: number;
  /** Fewer clients than that say nothing about what is usual: nobody is suspected. */
  readonly minClients: number;
  /** Of clients that are never suspected, and do not count as usual: monitors, partners, the operator's own. */
  readonly isExcluded: (client: Prefix) => boolean;
};

export const DEFAULT_JUDGE_SETTINGS: JudgeSettings = {
  floors: {},
  deviations: DEFAULT_ABUSE_DETECTION.deviations,
  minClients: DEFAULT_ABUSE_DETECTION.minClients,
  isExcluded: () => false,
};

/** A client for which a rule holds, with what that was seen by. */
export type Suspicion = {
  readonly rule: RuleName;
  readonly client: Prefix;
  /** Of a shared address, whoever denies it denies many people: no action is to be proposed. */
  readonly kind: "abuser" | "shared-address";
  readonly amount: number;
  readonly amountBound: number;
  readonly share: number;
  readonly shareBound: number;
  /** Clients that it was compared with, itself among them. */
  readonly clients: number;
  readonly activity: Activity;
};

/**
 * Says for which clients of a window a rule holds, the greatest amount first. The window has to be as long as the rule's, and to have all of its clients.
 * Not a decision to deny anybody.
 */
export function judgeWindow(
  window: ActivityWindow,
  options: { readonly rule: RuleName; readonly settings: JudgeSettings },
): readonly Suspicion[] {
  const { rule: name, settings } = options;
  const clients = window.clients.filter(({ client }) => !settings.isExcluded(client));
  if (clients.length < settings.minClients) return [];
  const rule: Rule = RULES[name];
  const floors = settings.floors[name] ?? rule.floors;
  const amountBound = Math.max(floors.minAmount, boundOf(clients.map(rule.amount), settings));
  const shareBound = Math.max(
    floors.minShare,
    shareBoundOf(
      clients.map((activity) => rule.share(activity, window)),
      settings,
    ),
  );
  const usual = usualOf(clients);
  return clients
    .map((activity): Suspicion => {
      const kind = looksShared(activity, usual) ? "shared-address" : "abuser";
      const seen = { amount: rule.amount(activity), amountBound, share: rule.share(activity, window), shareBound };
      return { rule: name, client: activity.client, kind, ...seen, clients: clients.length, activity };
    })
    .filter(({ amount, share }) => amount >= amountBound && share >= shareBound)
    .sort((left, right) => right.amount - left.amount);
}

function boundOf(numbers: readonly number[], { deviations }: JudgeSettings): number {
  const { median, deviation } = spreadOf(numbers);
  return median + deviations * deviation;
}

/** At the most half way from the median to all: shares of clients that ask little differ so much by chance that nobody could be far above them. */
function shareBoundOf(shares: readonly number[], settings: JudgeSettings): number {
  return Math.min(boundOf(shares, settings), (spreadOf(shares).median + 1) / 2);
}
