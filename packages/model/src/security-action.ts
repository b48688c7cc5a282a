import { parsePrefix } from "wherefrom";
import { z } from "zod";
import { BOT_REASONS } from "./bot-reason.ts";
import { int64Schema } from "./int64.ts";

const ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
/** Visible ASCII with single blanks inside. */
const FIELD_VALUE = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/;
/** A user agent is compared with what a client sent, and that is Latin-1 without control characters. */
const USER_AGENT = /^[\x20-\x7e\xa0-\xff]{1,2048}$/;
const TTL = /^[0-9]{1,9}(\.[0-9]{1,9})?s$/;

/** Ranges of one action. Apigee allows 100. */
const MAX_RANGES = 10_000;
const MAX_USER_AGENTS = 50;
const MAX_APIS = 100;
const MAX_ASNS = 1_000;
const MAX_REGIONS = 300;
const MAX_ASN = 4_294_967_295;
/** Headers of one flag, as Apigee has it. */
const MAX_FLAG_HEADERS = 5;

/** Names that a flag must not set: they frame a message, say who the client is, or belong to one connection. */
const RESERVED_FIELDS =
  /^(?:host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|forwarded|via|x-forwarded-.*|x-real-ip|x-wherefrom-.*|sec-websocket-.*|cookie|authorization)$/i;

/** Id of a security action. Source: Apigee, `securityActionId`. */
export const securityActionIdSchema: z.ZodType<string, string> = z
  .string("Expected a text")
  .regex(ID, "Expected 1 to 63 lower-case letters, digits or hyphens, the first a letter, the last no hyphen");

/** A network or an address, in canonical text. */
const rangeSchema = z.string("Expected a text").transform((text, context) => {
  const reading = parsePrefix(text);
  if (reading.kind === "prefix") return reading.prefix.text;
  const rest = reading.kind === "host-bits-set" ? `, such as ${reading.suggestion}` : "";
  context.addIssue({ code: "custom", message: `Expected an address or a network without bits behind its length${rest}` });
  return z.NEVER;
});

const methodSchema = z.enum(
  ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
  "Expected a method of HTTP in capitals",
);

function listOf<Item extends z.ZodType>(item: Item, max: number) {
  return z.array(item, "Expected a list").min(1, "Expected at least one, or no such condition").max(max, `Expected at most ${max}`);
}

function isAsn(text: string): boolean {
  return /^[1-9][0-9]*$/.test(text) && Number(text) <= MAX_ASN;
}

/** All conditions that are given must hold; of each, one of its values is enough. */
const conditionShape = {
  ipAddressRanges: listOf(rangeSchema, MAX_RANGES).optional().describe("Addresses and networks, IPv4 and IPv6"),
  botReasons: listOf(z.enum(BOT_REASONS, `Expected one of ${BOT_REASONS.join(", ")}`), BOT_REASONS.length)
    .optional()
    .describe("Clients that control takes for such bots, by its open incidents"),
  httpMethods: listOf(methodSchema, 9).optional(),
  asns: listOf(int64Schema.refine(isAsn, "Expected the number of an autonomous system, from 1 to 4294967295"), MAX_ASNS)
    .optional()
    .describe("Autonomous systems, by the gateway's own geo database"),
  regionCodes: listOf(z.string("Expected a text").regex(/^[A-Z]{2}$/, "Expected two capitals, as in ISO 3166-1"), MAX_REGIONS)
    .optional()
    .describe("Countries by ISO 3166-1 alpha-2, by the gateway's own geo database"),
  userAgents: listOf(z.string("Expected a text").regex(USER_AGENT, "Expected 1 to 2048 characters of Latin-1"), MAX_USER_AGENTS)
    .optional()
    .describe("Compared as a whole, with capitals as they are"),
};

const conditionSchema = z
  .strictObject(conditionShape)
  .refine((given) => Object.values(given).some((value) => value !== undefined), "Expected at least one condition")
  .meta({ id: "SecurityActionConditionConfig" });

const flagHeaderSchema = z
  .strictObject({
    name: z
      .string("Expected a text")
      .regex(TOKEN, "Expected the name of a header")
      .refine((name) => !RESERVED_FIELDS.test(name), "Expected a header that has no meaning of its own on the way to a target"),
    value: z.string("Expected a text").max(1024, "Expected at most 1024 characters").regex(FIELD_VALUE, "Expected visible ASCII"),
  })
  .meta({ id: "SecurityActionHttpHeader" });

const effectShape = {
  allow: z.strictObject({}).optional().meta({ id: "SecurityActionAllow" }),
  deny: z
    .strictObject({
      responseCode: z
        .int("Expected a whole number")
        .min(400, "Expected a status from 400 to 599")
        .max(599, "Expected a status from 400 to 599")
        .default(403)
        .describe("Status of the answer"),
    })
    .optional()
    .meta({ id: "SecurityActionDeny" }),
  flag: z
    .strictObject({ headers: listOf(flagHeaderSchema, MAX_FLAG_HEADERS) })
    .optional()
    .meta({ id: "SecurityActionFlag" }),
};

/** What a client may set on a security action, without its ttl, which becomes an expireTime. */
const settingsShape = {
  description: z.string("Expected a text").max(1024, "Expected at most 1024 characters").optional(),
  state: z.enum(["ENABLED", "DISABLED"], "Expected ENABLED or DISABLED"),
  expireTime: z.iso
    .datetime({ offset: true, error: "Expected a time, such as 2027-01-31T12:00:00Z" })
    .optional()
    .meta({ format: "google-datetime" }),
  apiProxies: listOf(z.string("Expected a text").min(1).max(63), MAX_APIS).optional().describe("Names of routes; all when absent"),
  conditionConfig: conditionSchema,
  ...effectShape,
  matchUnverified: z
    .boolean("Expected true or false")
    .default(false)
    .describe("Whether allow and deny also count for an address that is not verified, which the client may have made up"),
  isObserved: z.boolean("Expected true or false").default(false).describe("Whether it only counts what it would have done"),
};

type MaybeEffects = { readonly allow?: unknown; readonly deny?: unknown; readonly flag?: unknown };

function hasOneEffect({ allow, deny, flag }: MaybeEffects): boolean {
  return [allow, deny, flag].filter((effect) => effect !== undefined).length === 1;
}

const oneEffect = {
  error: "Expected exactly one of allow, deny and flag",
  when: ({ value }: { value: unknown }) => typeof value === "object" && value !== null,
};

/**
 * What becomes of the requests of some clients. Judged by the resolved address: of all actions that match, an allow goes before every deny, and a deny before
 * every flag. Not a policy: it does not say which client a request is from.
 *
 * Source: Apigee, GoogleCloudApigeeV1SecurityAction; `matchUnverified` and `isObserved` are ours.
 */
export const securityActionSchema = z
  .strictObject({ name: securityActionIdSchema, ...settingsShape })
  .refine(hasOneEffect, oneEffect)
  .meta({ id: "SecurityActionContent" });

/** A security action with every default filled in, its ranges in canonical text. */
export type SecurityAction = z.output<typeof securityActionSchema>;

/** Clients that control takes for bots, for one reason. A list may be empty: then nobody is. */
export const botsSchema = z
  .strictObject({ reason: z.enum(BOT_REASONS), networks: z.array(rangeSchema).max(MAX_RANGES) })
  .meta({ id: "Bots" });

export type Bots = z.output<typeof botsSchema>;

/** A security action as it comes over the wire: with a ttl in place of an expireTime, or neither. */
export const securityActionWireSchema = z
  .strictObject({
    name: z.string().optional().meta({ readOnly: true, description: "organizations/{org}/environments/{env}/securityActions/{id}" }),
    ...settingsShape,
    ttl: z
      .string("Expected a text")
      .regex(TTL, "Expected seconds, such as 3.5s")
      .optional()
      .meta({ format: "google-duration", description: "Input only: becomes expireTime" }),
    createTime: z.string().optional().meta({ readOnly: true, format: "google-datetime" }),
    updateTime: z.string().optional().meta({ readOnly: true, format: "google-datetime", description: "When it changed last" }),
    warnings: z
      .array(z.strictObject({ code: z.string(), message: z.string() }).meta({ id: "SecurityActionWarning" }))
      .optional()
      .meta({ readOnly: true, description: "What may be a slip, such as ranges that hold most clients; it is in force all the same" }),
  })
  .refine(hasOneEffect, oneEffect)
  .refine(
    ({ ttl, expireTime }: { readonly ttl?: unknown; readonly expireTime?: unknown }) => ttl === undefined || expireTime === undefined,
    {
      path: ["ttl"],
      error: "Expected no ttl beside expireTime",
    },
  )
  .meta({ id: "SecurityAction" });
