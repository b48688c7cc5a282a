import { z } from "zod";
import { int64Schema } from "./int64.ts";

const time = () => z.string().optional().meta({ readOnly: true, format: "google-datetime" });

/** By which a client was suspected, of the window in which it did most. */
const evidenceSchema = z
  .object({
    windowMinutes: z.int(),
    amount: z.number().describe("What the rule counts, such as requests or answers of 400 to 499"),
    amountBound: z.number().describe("The amount from which a client was suspected"),
    share: z.number().describe("What the rule looks at beside it, from 0 to 1"),
    shareBound: z.number(),
    clients: z.int().describe("Clients that it was compared with"),
    counts: z.record(z.string(), z.number()).describe("All that was counted: requests, clientErrors, userAgents, …"),
  })
  .meta({ id: "SecurityIncidentEvidence" });

/**
 * A client that looks like an abuser. Only the state may be set. Not a decision: nobody is denied by it.
 *
 * Source: Apigee, GoogleCloudApigeeV1SecurityIncident; `state`, `client`, `sharedAddress`, `securityAction` and `evidence` are ours.
 */
export const securityIncidentSchema = z
  .strictObject({
    name: z.string().optional().meta({ readOnly: true, description: "organizations/{org}/environments/{env}/securityIncidents/{id}" }),
    displayName: z.string().optional().meta({ readOnly: true }),
    detectionTypes: z.array(z.string()).optional().meta({ readOnly: true, description: "The rule that holds, such as Flooder" }),
    client: z.string().optional().meta({ readOnly: true, description: "An IPv4 address, or the first 64 bits of one of IPv6" }),
    sharedAddress: z
      .boolean()
      .optional()
      .meta({ readOnly: true, description: "Whether many people seem to be behind it: who denies it denies all of them" }),
    state: z
      .enum(["OPEN", "ACKNOWLEDGED", "CLOSED", "CONVERTED"], "Expected OPEN, ACKNOWLEDGED or CLOSED")
      .optional()
      .describe("CONVERTED: a security action was made of it, which only :createSecurityAction does"),
    observability: z
      .enum(["ACTIVE", "ARCHIVED"], "Expected ACTIVE or ARCHIVED")
      .optional()
      .describe("As Apigee has it: ARCHIVED is the state CLOSED, and ACTIVE every other"),
    riskLevel: z.enum(["LOW", "MODERATE", "SEVERE"]).optional().meta({ readOnly: true }),
    trafficCount: int64Schema.optional().meta({ readOnly: true, description: "Requests in the window in which it did most" }),
    firstDetectedTime: time(),
    lastDetectedTime: time(),
    lastObservabilityChangeTime: time(),
    securityAction: z.string().optional().meta({ readOnly: true, description: "Name of the security action that was made of it" }),
    evidence: evidenceSchema.optional().meta({ readOnly: true }),
  })
  .meta({ id: "SecurityIncident" });
