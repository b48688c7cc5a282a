import { z } from "zod";

const MAX_ISSUES = 100;
const MAX_REASONS = 32;
const MAX_VERSION_LENGTH = 64;
const REASON = /^[a-z][a-z-]{0,39}$/;

const countSchema = z.int().min(0);

const fallbacksSchema = z
  .record(z.string().regex(REASON, "Expected the name of a reason, such as header-absent"), countSchema)
  .refine((counts) => Object.keys(counts).length <= MAX_REASONS, `Expected at most ${MAX_REASONS} reasons`)
  .describe("Requests whose client the algorithm could not tell, by the reason; those that were rejected for it among them");

/** A newer snapshot that a gateway did not take. */
export const refusedSnapshotSchema = z
  .strictObject({ revision: z.int().min(0), issues: z.array(z.unknown()).max(MAX_ISSUES) })
  .meta({ id: "RefusedSnapshot" });

/** What a gateway says of itself, each time that it takes a snapshot and every few seconds. */
export const gatewayReportSchema: z.ZodType<GatewayReport, unknown> = z
  .strictObject({
    revision: z.int().min(0).describe("Revision that new requests run by; 0 before the first"),
    refused: refusedSnapshotSchema.optional(),
    version: z.string().max(MAX_VERSION_LENGTH).optional().describe("Version of the gateway"),
    servedForMs: z.int().min(0).optional().describe("How long it has run that revision, in milliseconds"),
    requests: countSchema
      .optional()
      .describe("Requests resolved by that revision, and by those before that differ only in security actions and debug sessions"),
    fallbacks: fallbacksSchema.optional(),
    before: z
      .strictObject({ revision: z.int().min(0), requests: countSchema, fallbacks: fallbacksSchema })
      .meta({ id: "RevisionCounts" })
      .optional()
      .describe("What it counted under the policy that it ran before; revision: the last one with it"),
  })
  .meta({ id: "GatewayReport" });

export type GatewayReport = {
  readonly revision: number;
  readonly refused?: { readonly revision: number; readonly issues: readonly unknown[] } | undefined;
  readonly version?: string | undefined;
  readonly servedForMs?: number | undefined;
  readonly requests?: number | undefined;
  readonly fallbacks?: FallbackCounts | undefined;
  readonly before?: RevisionCounts | undefined;
};

/** Requests by the reason why the algorithm gave no address. A reason that never came is absent. */
export type FallbackCounts = Readonly<Record<string, number>>;

/** What a gateway counted under one revision. */
export type RevisionCounts = { readonly revision: number; readonly requests: number; readonly fallbacks: FallbackCounts };
