import { z } from "zod";
import { parseCondition } from "./condition.ts";
import { flowVariableTable } from "./flow-variables.ts";
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

/** What the filter of a session may ask for beside header fields, query parameters and flow variables. */
export const REQUEST_VARIABLES = [
  "request.verb",
  "request.uri",
  "request.path",
  "request.querystring",
  "proxy.basepath",
  "proxy.pathsuffix",
  "apiproxy.name",
  "environment.name",
  "organization.name",
] as const;

const FILTER_VARIABLES: ReadonlySet<string> = new Set([...REQUEST_VARIABLES, ...flowVariableTable.map(({ name }) => name)]);

/** A variable that there is not is null for every request: a text whose quotes were forgotten would be one, and the session would record nothing. */
const newFilterSchema = filterSchema.superRefine((text, context) => {
  const reading = parseCondition(text);
  if (reading.kind === "fault") return;
  for (const { name, at } of reading.variables) {
    if (FILTER_VARIABLES.has(name) || /^request\.(?:header|queryparam)\../.test(name)) continue;
    const known = [...REQUEST_VARIABLES, "request.header.NAME", "request.queryparam.NAME"].join(", ");
    const message = `Expected a text in quotes, ${known} or a flow variable at character ${at + 1}, and there is ${JSON.stringify(name)}`;
    context.addIssue({ code: "custom", message });
  }
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
    filter: newFilterSchema.optional().describe('Which requests: request.verb = "GET" and proxy.pathsuffix MatchesPath "/a/**"'),
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

/** What a recorded request tells beside header fields and query parameters, by the names that a mask hides it by. */
export const DEBUG_VARIABLES = [
  "request.uri",
  "environment.name",
  "organization.name",
  "apiproxy.name",
  "apiproxy.revision",
  "proxy.basepath",
  "proxy.pathsuffix",
  "client.ip",
  "proxy.client.ip",
  "client_ip_resolution.resolved.ip",
  "client_ip_resolution.used.fallback",
  "client_ip_resolution.algorithm",
  "client_ip_resolution.trust",
  "client_ip_resolution.reason",
  "client_ip_resolution.key",
  "wherefrom.explanation",
  "api_security_action.action",
  "api_security_action.name",
  "api_security_action.ip",
  "api_security_action.httpMethod",
  "target.url",
  "target.attempts",
] as const;

/** `message` is either. Names of header fields are tokens: RFC 9110, section 5.6.2. */
const MASKED_FIELD = /^(?:request|response|message)\.header\.[!#$%&'*+.^_`|~0-9A-Za-z-]+$/i;
const MASKED_PARAMETER = /^request\.queryparam\..+$/i;

/** A variable whose value a mask hides. One that no request tells is refused: whoever misspells it would think that it is hidden. */
export const maskedVariableSchema = z
  .string("Expected a text")
  .max(256, "Expected at most 256 characters")
  .refine((name) => MASKED_FIELD.test(name) || MASKED_PARAMETER.test(name) || (DEBUG_VARIABLES as readonly string[]).includes(name), {
    error: `Expected request.header.NAME, response.header.NAME, request.queryparam.NAME, or one of ${DEBUG_VARIABLES.join(", ")}`,
  });

/** A debug session as gateways get it. Not who asked for it, and none of its data. */
export const recordedSessionSchema = z
  .strictObject({
    id: z.string().min(1).max(64),
    api: z.string().min(1).describe("Name of the route"),
    filter: filterSchema,
    count: z.int().min(1).max(MAX_COUNT),
    expireTime: z.iso.datetime(),
    maskedVariables: z.array(z.string()).describe("Variables whose values are hidden beside those always hidden"),
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
