import type { BotReason } from "@wherefrom/model";
import { type Activity, type ActivityWindow, shareOf } from "./activity.ts";

/** When a rule holds: both its amount and its share are at the floor or above, and far above those of the other clients. */
export type Floors = {
  readonly minAmount: number;
  /** 0 to 1. */
  readonly minShare: number;
};

/** What a rule looks at. */
export type Rule = {
  readonly windowMinutes: number;
  /** How much of it the client did. */
  readonly amount: (activity: Activity) => number;
  /** How much of all that is, 0 to 1. */
  readonly share: (activity: Activity, all: Pick<ActivityWindow, "parts" | "requests">) => number;
  readonly floors: Floors;
};

const DAY_MINUTES = 1_440;

/**
 * The rules of Apigee's abuse detection that are about counts, by its names. Not its models: what it learns from other customers is not known here.
 * An error of the server's (5xx) is no sign of guessing, though Apigee counts it: it would accuse clients of an outage.
 *
 * Source: Apigee, "Advanced API Security, abuse detection", detection rules.
 */
export const RULES = {
  Flooder: {
    windowMinutes: 5,
    amount: ({ requests }) => requests,
    share: ({ requests }, all) => shareOf(requests, all.requests),
    floors: { minAmount: 1_000, minShare: 0.02 },
  },
  "Brute Guessor": {
    windowMinutes: DAY_MINUTES,
    amount: ({ clientErrors }) => clientErrors,
    share: ({ clientErrors, requests }) => shareOf(clientErrors, requests),
    floors: { minAmount: 100, minShare: 0.5 },
  },
  "Static Content Scraper": {
    windowMinutes: 5,
    amount: ({ staticPaths }) => staticPaths,
    share: ({ staticRequests, requests }) => shareOf(staticRequests, requests),
    floors: { minAmount: 200, minShare: 0.8 },
  },
  /** One that is refused again and again and never rests. */
  "Robot Abuser": {
    windowMinutes: DAY_MINUTES,
    amount: ({ forbidden }) => forbidden,
    share: ({ activeParts }, all) => shareOf(activeParts, all.parts),
    floors: { minAmount: 50, minShare: 0.5 },
  },
} as const satisfies Readonly<Record<BotReason, Rule>>;

export type RuleName = BotReason;
