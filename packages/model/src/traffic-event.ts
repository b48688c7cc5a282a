import { z } from "zod";

/** Texts that a client chose come cut and in printable ASCII; these bounds hold after escaping. */
const MAX_TEXT_CHARS = 2_048;
const MAX_LONG_TEXT_CHARS = 8_192;

const textSchema = z.string().max(MAX_TEXT_CHARS);
const longTextSchema = z.string().max(MAX_LONG_TEXT_CHARS);
const countSchema = z.int().min(0);

/** Events of one batch, as lines of JSON before any compression: the most that a gateway puts into one, and that control takes. */
export const maxEventBatchBytes = 1_048_576;

/** Names a batch: the same whenever it is sent again, and never given to another. */
export const eventBatchIdSchema = z.string().regex(/^[0-9]{15}-[0-9a-f]{8}-[0-9]{8}-[0-9]{1,9}$/, "Expected the id of a batch of events");

/** One exchange as analytics sees it. All texts are printable ASCII. A field without a value is absent. */
export const trafficEventSchema = z
  .strictObject({
    time: z.int().min(0).describe("When the exchange began, in milliseconds since 1970"),
    environment: textSchema,
    gateway: textSchema,
    revision: countSchema.describe("Of the snapshot that the exchange ran by"),
    api: textSchema.optional().describe("Name of the route"),
    decision: textSchema.optional().describe("By which contract a proxy asked about the request"),
    method: textSchema,
    path: longTextSchema.describe("Without the query"),
    status: z.int().min(100).max(599).optional().describe("Absent when the client left before there was one"),
    fault: textSchema.optional().describe("Set when the gateway itself answered, or broke the answer off"),
    isComplete: z.boolean(),
    durationMs: z.number().min(0),
    requestBytes: countSchema,
    responseBytes: countSchema,
    resolvedIp: textSchema.optional().describe("The resolved client in canonical text"),
    trust: z.enum(["verified", "unverified"]).optional(),
    outcome: z.enum(["resolved", "fallback", "rejected"]).optional(),
    reason: textSchema.optional(),
    algorithm: textSchema.optional(),
    clientIp: textSchema.optional().describe("Flow variable client.ip: the peer"),
    proxyClientIp: textSchema.optional().describe("Flow variable proxy.client.ip"),
    trueClientIp: longTextSchema.optional().describe("Header True-Client-IP as it came; no address that anybody has checked"),
    xForwardedFor: longTextSchema.optional().describe("Header X-Forwarded-For as it came"),
    securityAction: textSchema.optional().describe("The action that decided"),
    userAgent: longTextSchema.optional(),
  })
  .meta({ id: "TrafficEvent" });

export type TrafficEvent = z.infer<typeof trafficEventSchema>;
