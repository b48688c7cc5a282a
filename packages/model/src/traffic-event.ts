import { escapeText, type Policy } from "wherefrom";
import { z } from "zod";
import { claimsClient, policyHeaders } from "./client-headers.ts";
import { lastHopAddress, peerAddress } from "./flow-variables.ts";

/**
 * Texts that a client chose come cut and in printable ASCII. These bounds leave room for four characters of escaping in place of one: an event that is refused
 * takes its whole batch along, so no client may be able to write one.
 */
const MAX_TEXT_CHARS = 4_096;
const MAX_LONG_TEXT_CHARS = 16_384;
/** Of the headers that are told from the evidence. */
const MAX_SHOWN_CHARS = 2_048;

const textSchema = z.string().max(MAX_TEXT_CHARS);
const longTextSchema = z.string().max(MAX_LONG_TEXT_CHARS);
const countSchema = z.int().min(0);

/** Events of one batch, as lines of JSON before any compression: the most that a gateway puts into one, and that control takes. */
export const maxEventBatchBytes = 1_048_576;

/** Of the header lines that an event has as evidence: their names and values together. A request with more has none. */
export const maxEvidenceChars = 4_096;

/**
 * Whether events have the lines of a header as evidence, by its name in lower case: of all that claim who the client is, so that another policy can be judged
 * by them, and of what this one reads. Of any other header nothing is known later.
 */
export function keepsEvidence(policy: Policy): (name: string) => boolean {
  const read = new Set(policyHeaders(policy));
  return (name) => read.has(name) || (claimsClient(name) && !name.startsWith("x-wherefrom"));
}

/** Names a batch: the same whenever it is sent again, and never given to another. */
export const eventBatchIdSchema = z.string().regex(/^[0-9]{15}-[0-9a-f]{8}-[0-9]{8}-[0-9]{1,9}$/, "Expected the id of a batch of events");

/** What was known of a request before trust. As it came: escape it before printing. */
const evidenceSchema = z.object({
  peer: textSchema.optional().describe("Absent when there is none to know, as on a unix socket"),
  fields: z
    .array(z.tuple([textSchema, z.string().max(maxEvidenceChars)]))
    .describe("Name in lower case and value of each line, in wire order"),
});

/** One exchange as analytics sees it. All texts but those of the evidence are printable ASCII. A field without a value is absent, and one that is not known is passed over: a newer gateway may say more. */
export const trafficEventSchema = z
  .object({
    time: z.int().min(0).describe("When the exchange began, in milliseconds since 1970"),
    organization: textSchema,
    environment: textSchema,
    gateway: textSchema,
    revision: countSchema.describe("Of the snapshot that the exchange ran by"),
    sampleRate: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe("Share of the exchanges that have an event, drawn by chance; absent when all have one"),
    api: textSchema.optional().describe("Name of the route"),
    target: textSchema.optional().describe("Origin of the target that it was sent to last"),
    decision: textSchema.optional().describe("By which contract a proxy asked about the request"),
    method: textSchema,
    path: longTextSchema.describe("Without the query"),
    status: z.int().min(100).max(599).optional().describe("Absent when the client left before there was one"),
    fault: textSchema.optional().describe("Set when the gateway itself answered, or broke the answer off"),
    isComplete: z.boolean(),
    durationMs: z.number().min(0),
    targetMs: z
      .number()
      .min(0)
      .optional()
      .describe("How long that target took to the header of its answer, or to its failure; absent when it was sent to none"),
    requestBytes: countSchema,
    responseBytes: countSchema,
    resolvedIp: textSchema.optional().describe("The resolved client in canonical text"),
    trust: z.enum(["verified", "unverified"]).optional(),
    outcome: z.enum(["resolved", "fallback", "rejected"]).optional(),
    reason: textSchema.optional(),
    algorithm: textSchema.optional(),
    country: textSchema.optional().describe("Of the resolved client, ISO 3166-1 alpha-2; absent when no geo database knows it"),
    asn: textSchema.optional().describe("Number of its autonomous system in decimal"),
    clientIp: textSchema.optional().describe("Flow variable client.ip: the peer"),
    proxyClientIp: textSchema.optional().describe("Flow variable proxy.client.ip"),
    trueClientIp: longTextSchema.optional().describe("Header True-Client-IP as it came; no address that anybody has checked"),
    xForwardedFor: longTextSchema.optional().describe("Header X-Forwarded-For as it came"),
    xForwardedProto: textSchema.optional().describe("Header X-Forwarded-Proto as it came"),
    securityAction: textSchema.optional().describe("The action that decided"),
    observedAction: textSchema.optional().describe("The action that would have decided instead, were none only observed"),
    userAgent: longTextSchema.optional(),
    evidence: evidenceSchema
      .optional()
      .describe("Absent when nobody asked who the request is from, and when it is more than maxEvidenceChars"),
  })
  .meta({ id: "TrafficEvent" });

export type TrafficEvent = z.infer<typeof trafficEventSchema>;

/**
 * Adds to the event what follows from its evidence: `clientIp`, `proxyClientIp`, `trueClientIp`, `xForwardedFor`, `xForwardedProto`. A gateway leaves it out, as to
 * say it would cost each request as much as all the rest. An event without evidence stays as it is.
 */
export function completeEvent(event: TrafficEvent): TrafficEvent {
  if (event.evidence === undefined) return event;
  const { peer, fields } = event.evidence;
  // Not `evidenceOfFields`: names are in lower case already, and control does this for each event of all gateways.
  const evidence = { peer, lines: (name: string) => linesOf(fields, name) };
  event.clientIp = peerAddress(evidence);
  event.proxyClientIp = lastHopAddress(evidence);
  event.trueClientIp = headerText(fields, "true-client-ip");
  event.xForwardedFor = headerText(fields, "x-forwarded-for");
  event.xForwardedProto = headerText(fields, "x-forwarded-proto");
  return event;
}

type Fields = NonNullable<TrafficEvent["evidence"]>["fields"];

const NO_LINES: readonly string[] = [];

function linesOf(fields: Fields, name: string): readonly string[] {
  let lines: string[] | undefined;
  for (const [given, value] of fields) {
    if (given !== name) continue;
    if (lines === undefined) lines = [value];
    else lines.push(value);
  }
  return lines ?? NO_LINES;
}

function headerText(fields: Fields, name: string): string | undefined {
  const lines = linesOf(fields, name);
  return lines.length === 0 ? undefined : escapeText(lines.join(", "), MAX_SHOWN_CHARS);
}
