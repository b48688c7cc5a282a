import { parsePrefix } from "wherefrom";
import { z } from "zod";
import { isProviderName } from "./ranges/range-list.ts";

const MAX_EXCLUSIONS = 1_000;
const MAX_ENDINGS = 100;
const DAY_MINUTES = 1_440;
const PROVIDER_MARK = "provider:";

/** What may be set of one rule. What is not given has the rule's own value. */
export type AbuseRuleSettings = {
  enabled?: boolean | undefined;
  windowMinutes?: number | undefined;
  minAmount?: number | undefined;
  /** 0 to 1. */
  minShare?: number | undefined;
};

/** How abusers are looked for in the events of an environment. What is not given has the value of `DEFAULT_ABUSE_DETECTION`. */
export type AbuseDetectionSettings = {
  enabled?: boolean | undefined;
  /** Clients that are never suspected: addresses, networks, and `provider:NAME`. */
  exclusions?: string[] | undefined;
  /** How many deviations above the median of all clients is far above. */
  deviations?: number | undefined;
  /** With fewer clients nobody is suspected. */
  minClients?: number | undefined;
  /** What the path of a static file ends with, behind a dot. */
  staticEndings?: string[] | undefined;
  flooder?: AbuseRuleSettings | undefined;
  bruteGuessor?: AbuseRuleSettings | undefined;
  staticContentScraper?: AbuseRuleSettings | undefined;
  robotAbuser?: AbuseRuleSettings | undefined;
};

export const DEFAULT_ABUSE_DETECTION = {
  enabled: true,
  deviations: 8,
  minClients: 10,
  staticEndings: "css js mjs map png jpg jpeg gif svg webp avif ico woff woff2 ttf otf eot mp3 ogg wav mp4 webm pdf".split(
    " ",
  ) as readonly string[],
} as const;

/** An address or a network in canonical text, or the name of ranges, which only control knows. */
const exclusionSchema = z.string("Expected a text").transform((text, context) => {
  if (text.startsWith(PROVIDER_MARK) && isProviderName(text.slice(PROVIDER_MARK.length))) return text;
  const reading = parsePrefix(text);
  if (reading.kind === "prefix" && reading.prefix.length > 0) return reading.prefix.text;
  if (reading.kind === "prefix") {
    context.addIssue({ code: "custom", message: "Expected some clients and not all: enabled false looks for nobody" });
    return z.NEVER;
  }
  const rest = reading.kind === "host-bits-set" ? `, such as ${reading.suggestion}` : "";
  context.addIssue({ code: "custom", message: `Expected an address, a network without bits behind its length, or provider:NAME${rest}` });
  return z.NEVER;
});

const wholeNumber = (min: number, max: number) =>
  z.int("Expected a whole number").min(min, `Expected at least ${min}`).max(max, `Expected at most ${max}`);

const ruleSchema = z
  .strictObject({
    enabled: z.boolean("Expected true or false").optional().describe("Whether the rule is asked. Default: true"),
    windowMinutes: wholeNumber(1, DAY_MINUTES).optional().describe("How long a window of the rule is"),
    minAmount: wholeNumber(1, 1_000_000_000).optional().describe("The amount from which a client may be suspected"),
    minShare: z
      .number("Expected a number")
      .min(0, "Expected at least 0")
      .max(1, "Expected at most 1")
      .optional()
      .describe("The share from which a client may be suspected, from 0 to 1"),
  })
  .meta({ id: "AbuseRuleSettings" });

export const abuseDetectionSchema = z
  .strictObject({
    enabled: z
      .boolean("Expected true or false")
      .optional()
      .describe(`Whether abusers are looked for. Default: ${DEFAULT_ABUSE_DETECTION.enabled}`),
    exclusions: z
      .array(exclusionSchema, "Expected a list")
      .max(MAX_EXCLUSIONS, `Expected at most ${MAX_EXCLUSIONS}`)
      .optional()
      .describe("Clients that are never suspected and do not count as usual: addresses, networks, provider:NAME"),
    deviations: z
      .number("Expected a number")
      .min(1, "Expected at least 1")
      .max(1_000, "Expected at most 1000")
      .optional()
      .describe(`How many deviations above the median of all clients is far above. Default: ${DEFAULT_ABUSE_DETECTION.deviations}`),
    minClients: wholeNumber(2, 1_000_000)
      .optional()
      .describe(`With fewer clients nobody is suspected. Default: ${DEFAULT_ABUSE_DETECTION.minClients}`),
    staticEndings: z
      .array(z.string("Expected a text").regex(/^[a-z0-9]{1,16}$/, "Expected 1 to 16 lower-case letters or digits"), "Expected a list")
      .max(MAX_ENDINGS, `Expected at most ${MAX_ENDINGS}`)
      .optional()
      .describe("What the path of a static file ends with, behind a dot, in capitals or not. Default: those of pictures, scripts, …"),
    flooder: ruleSchema.optional(),
    bruteGuessor: ruleSchema.optional(),
    staticContentScraper: ruleSchema.optional(),
    robotAbuser: ruleSchema.optional(),
  })
  .meta({ id: "AbuseDetectionSettings" });

/** The name in an exclusion that names ranges; `undefined` for one that is a network. */
export function providerNamedBy(exclusion: string): string | undefined {
  return exclusion.startsWith(PROVIDER_MARK) ? exclusion.slice(PROVIDER_MARK.length) : undefined;
}
