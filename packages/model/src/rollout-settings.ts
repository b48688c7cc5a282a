import { z } from "zod";

const DURATION = /^[0-9]{1,6}(\.[0-9]{1,3})?s$/;
/** A day: who watches longer has forgotten it. */
const MAX_WATCH_SECONDS = 86_400;

/** How changes of an environment get to its gateways. What is not given has the value of `DEFAULT_ROLLOUT`. */
export type RolloutSettings = {
  /** Percent of the gateways that try a change first; 100: all get it at once. */
  share?: number | undefined;
  /** How long they try it: seconds with an `s`, as Google's durations are written. */
  watch?: string | undefined;
  /** By how much the share of requests that fall back may rise there, from 0 to 1. */
  maxFallbackRise?: number | undefined;
  /** Requests that they must have answered before they are judged. */
  minRequests?: number | undefined;
};

export const DEFAULT_ROLLOUT = { share: 10, watch: "60s", maxFallbackRise: 0.02, minRequests: 100 } as const satisfies RolloutSettings;

export const shareSchema = z.int("Expected a whole number").min(1, "Expected at least 1").max(100, "Expected at most 100");

export const rolloutSettingsSchema = z
  .strictObject({
    share: shareSchema
      .optional()
      .describe(`Percent of the gateways that get a change first; 100: all at once. Default: ${DEFAULT_ROLLOUT.share}`),
    watch: z
      .string("Expected a text")
      .regex(DURATION, "Expected seconds, such as 60s")
      .refine((text) => Number.parseFloat(text) <= MAX_WATCH_SECONDS, `Expected at most ${MAX_WATCH_SECONDS}s`)
      .optional()
      .describe(`How long they try it, such as 90s. Default: ${DEFAULT_ROLLOUT.watch}`),
    maxFallbackRise: z
      .number("Expected a number")
      .min(0, "Expected at least 0")
      .max(1, "Expected at most 1")
      .optional()
      .describe(`By how much the share of fallbacks may rise there. Default: ${DEFAULT_ROLLOUT.maxFallbackRise}`),
    minRequests: z
      .int("Expected a whole number")
      .min(1, "Expected at least 1")
      .max(1_000_000_000, "Expected at most 1000000000")
      .optional()
      .describe(`Requests that they must have answered before they are judged. Default: ${DEFAULT_ROLLOUT.minRequests}`),
  })
  .meta({ id: "RolloutSettings" });
