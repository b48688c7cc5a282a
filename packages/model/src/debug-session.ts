import { z } from "zod";
import { parseCondition } from "./condition.ts";
import { int64Schema } from "./int64.ts";
import { propertiesSchema, propertySchema } from "./properties.ts";

/** Apigee's bounds, of all but `timeout`, for which it gives a default and a maximum. */
const MAX_COUNT = 15;
const DEFAULT_COUNT = 10;
const MAX_TIMEOUT_SECONDS = 600;
const MAX_TRACE_SIZE = 5_120;

const filterSchema = z.string("Expected a text").superRefine((text, context) => {
  if (text.trim() === "") return;
  const reading = parseCondition(text);
  if (reading.kind === "condition") return;
  const { at, expected, given } = reading.fault;
  context.addIssue({ code: "custom", message: `Expected ${expected} at character ${at + 1}, and there is ${JSON.stringify(given)}` });
});

const timeoutSchema = int64Schema.refine((text) => Number(text) >= 1 && Number(text) <= MAX_TIMEOUT_SECONDS, {
  error: `Expected 1 to ${MAX_TIMEOUT_SECONDS} seconds`,
});

/** A debug session as it goes over the wire. Source: Apigee, GoogleCloudApigeeV1DebugSession. */
export const debugSessionSchema = z
  .strictObject({
    name: z.string().optional().meta({ readOnly: true, description: "Its id" }),
    count: z
      .int("Expected a whole number")
      .min(1, `Expected 1 to ${MAX_COUNT}`)
      .max(MAX_COUNT, `Expected 1 to ${MAX_COUNT}`)
      .default(DEFAULT_COUNT)
      .describe("Requests that each gateway process records"),
    timeout: timeoutSchema.optional().describe("Seconds after which it ends; 300 unless given"),
    filter: filterSchema.optional().describe('Which requests: request.verb = "GET" and proxy.pathsuffix MatchesPath "/a/**"'),
    validity: z.int("Expected a whole number").optional().describe("Kept for Apigee's clients; without effect here"),
    tracesize: z
      .int("Expected a whole number")
      .min(0)
      .max(MAX_TRACE_SIZE)
      .default(MAX_TRACE_SIZE)
      .describe("Kept for Apigee's clients: bodies are never recorded here"),
    createTime: z.string().optional().meta({ readOnly: true, format: "google-datetime" }),
  })
  .meta({ id: "DebugSession" });

/** A debug session as gateways get it. Not who asked for it, and none of its data. */
export const recordedSessionSchema = z
  .strictObject({
    id: z.string().min(1).max(64),
    api: z.string().min(1).describe("Name of the route"),
    filter: filterSchema,
    count: z.int().min(1).max(MAX_COUNT),
    expireTime: z.iso.datetime(),
    maskedVariables: z
      .array(z.string())
      .describe("request.header.NAME and request.queryparam.NAME whose values are hidden beside those always hidden"),
  })
  .meta({ id: "RecordedSession" });

export type RecordedSession = z.output<typeof recordedSessionSchema>;

const resultSchema = z
  .strictObject({
    ActionResult: z.enum(["DebugInfo", "RequestMessage", "ResponseMessage", "ErrorMessage"]),
    timestamp: z.string(),
    properties: propertiesSchema.optional(),
    headers: z.array(propertySchema).optional(),
    uRI: z.string().optional(),
    verb: z.string().optional(),
    statusCode: z.string().optional(),
    reasonPhrase: z.string().optional(),
    content: z.string().optional(),
  })
  .meta({ id: "Result" });

const pointSchema = z.strictObject({ id: z.string(), results: z.array(resultSchema) }).meta({ id: "Point" });

/** One request as a gateway went through it. Source: Apigee, GoogleCloudApigeeV1DebugSessionTransaction. */
export const debugTransactionSchema = z
  .strictObject({ completed: z.boolean(), point: z.array(pointSchema) })
  .meta({ id: "DebugSessionTransaction" });

export type DebugTransaction = z.output<typeof debugTransactionSchema>;
export type DebugPoint = z.output<typeof pointSchema>;
export type DebugResult = z.output<typeof resultSchema>;

/** What a gateway hands to control: one recorded request of one session. */
export const deliveredTransactionSchema = z
  .strictObject({
    session: z.string().min(1).max(64),
    // It stands in a line of an event stream, where a line break would begin another.
    id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, "Expected 1 to 64 letters, digits or hyphens"),
    transaction: debugTransactionSchema,
  })
  .meta({ id: "DeliveredTransaction" });

export type DeliveredTransaction = z.output<typeof deliveredTransactionSchema>;
