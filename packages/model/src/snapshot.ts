import { z } from "zod";
import { recordedSessionSchema } from "./debug-session.ts";
import { snapshotRangesSchema } from "./ranges/snapshot-ranges.ts";
import { routeSchema } from "./route.ts";
import { botsSchema, securityActionSchema } from "./security-action.ts";

/**
 * An environment's configuration as delivered to a gateway. The policy is Apigee's `clientIpResolutionConfig` or our superset
 * of it, still as JSON: the gateway parses it with `parsePolicy` and refuses the whole snapshot if that fails.
 */
export const snapshotSchema = z
  .strictObject({
    organization: z.string().min(1),
    environment: z.string().min(1),
    revision: z.int().min(1).describe("Rises by one with each change of the environment or its routes; the larger is the newer"),
    clientIpResolutionConfig: z.record(z.string(), z.unknown()),
    ranges: snapshotRangesSchema
      .optional()
      .describe("What provider:NAME means in the policy. A name that is not here means what is built into the gateway"),
    routes: z.array(routeSchema),
    signature: z
      .strictObject({ key: z.string().describe("ed25519:, and the public key in base64url"), value: z.string().describe("In base64url") })
      .meta({ id: "SnapshotSignature" })
      .optional()
      .describe("Of control, over everything else in the snapshot"),
    debugSessions: z.array(recordedSessionSchema).optional().describe("Those that may not be over. None when absent"),
    bots: z.array(botsSchema).optional().describe("Who is meant by the botReasons of security actions. Nobody when absent"),
    securityActions: z.array(securityActionSchema).optional().describe("Those that are enabled. None when absent"),
  })
  .meta({ id: "Snapshot" });

export type Snapshot = z.output<typeof snapshotSchema>;
