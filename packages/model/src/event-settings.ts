import { z } from "zod";

/** How events of an environment are kept. What is not given has the value of `DEFAULT_EVENT_SETTINGS`. */
export type EventSettings = {
  /** `PLAIN`: as they are; `TRUNCATED`: the network only; `HASHED`: a keyed hash. Of events that come from now on. */
  addresses?: "PLAIN" | "TRUNCATED" | "HASHED" | undefined;
  /** Days after which an event is deleted. */
  retentionDays?: number | undefined;
};

export const DEFAULT_EVENT_SETTINGS = { addresses: "PLAIN", retentionDays: 30 } as const satisfies EventSettings;

export const eventSettingsSchema = z
  .strictObject({
    addresses: z
      .enum(["PLAIN", "TRUNCATED", "HASHED"])
      .optional()
      .describe(
        `How client addresses are kept from now on: as they are, the network only, or a keyed hash. Default: ${DEFAULT_EVENT_SETTINGS.addresses}`,
      ),
    retentionDays: z
      .int("Expected a whole number")
      .min(1, "Expected at least 1")
      .max(3_650, "Expected at most 3650")
      .optional()
      .describe(`Days after which an event is deleted. Default: ${DEFAULT_EVENT_SETTINGS.retentionDays}`),
  })
  .meta({ id: "EventSettings" });
