import type { FieldViolation } from "@wherefrom/model";
import { statsTime } from "@wherefrom/model/stats-time";
import { z } from "zod";
import type { AskedQuery } from "../config-store/query-port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import type { JsonObject } from "../http/json-body.ts";
import { messageBody } from "../http/message-body.ts";
import { shownValue } from "../http/violations.ts";
import type { ControlLimits } from "../limits.ts";
import { readStatsQuery } from "./stats-query.ts";

const MAX_NAME_LENGTH = 256;
const HOUR_MS = 3_600_000;

/** Words for a time range that ends now. */
const RANGES_MS: Readonly<Record<string, number>> = { last60minutes: HOUR_MS, last24hours: 24 * HOUR_MS, last7days: 7 * 24 * HOUR_MS };

/** What the fields of a query are called among the parameters of the stats. */
const FIELD_OF: Readonly<Record<string, string>> = { select: "metrics", timeUnit: "groupByTimeUnit" };

const metricSchema = z
  .strictObject({
    // they become part of one text, so nothing in them may end theirs
    name: z.string("Expected the name of a metric").regex(/^[a-z_]+$/, "Expected the name of a metric"),
    function: z
      .string()
      .regex(/^[a-z]*$/, "Expected sum, avg, min or max")
      .optional()
      .describe("sum, avg, min or max. Default: sum"),
    alias: z.string().min(1).max(MAX_NAME_LENGTH).optional().describe("What it is called in the result"),
    operator: z.string().optional().describe("Refused: results are as they were counted"),
    value: z.string().optional().describe("Refused, as operator"),
  })
  .meta({ id: "QueryMetric" });

const rangeSchema = z.strictObject({ start: z.iso.datetime({ offset: true }), end: z.iso.datetime({ offset: true }) });

/** A query as Apigee takes it. */
export const querySchema = z
  .strictObject({
    name: z.string().max(MAX_NAME_LENGTH).optional(),
    metrics: z.array(metricSchema, "Expected a list of metrics").min(1, "Expected at least one"),
    dimensions: z.array(z.string(), "Expected a list of dimensions").default([]),
    timeRange: z
      .unknown()
      .describe("last60minutes, last24hours, last7days, or an object of start and end: 2026-11-25T00:00:00Z. The end itself is left out"),
    groupByTimeUnit: z.string().optional(),
    filter: z.string().optional(),
    limit: z.int("Expected a whole number").min(1, "Expected at least 1").max(2_147_483_647).optional().describe("Rows at the most"),
    outputFormat: z.enum(["json", "csv"], "Expected json or csv").default("json"),
    csvDelimiter: z.enum([",", "|", "\t"], "Expected a comma, a pipe or a tabulator").default(","),
    reportDefinitionId: z.string().optional().describe("Refused: there are no custom reports"),
    envgroupHostname: z.string().optional().describe("Refused: there are no queries of a host"),
  })
  .meta({ id: "Query" });

const QUERY = messageBody(querySchema);

type Reading = { readonly limits: ControlLimits; readonly now: number };

/** Reads a query and judges it as the stats would. Errors: `ApiError` FIELDS_INVALID with every fault. */
export function readQueryBody(body: JsonObject, { limits, now }: Reading): AskedQuery {
  const query = QUERY.read(QUERY.given(body));
  const faults: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => {
    faults.push({ field, description, reason: "FIELD_INVALID" satisfies FieldReason });
  };
  for (const field of ["reportDefinitionId", "envgroupHostname"] as const)
    if (query[field]) refuse(field, `Expected none, as there are none here, received ${shownValue(query[field])}`);
  for (const [index, { operator, value }] of query.metrics.entries())
    if (operator || value) refuse(`metrics/${index}/operator`, "Expected none: results are as they were counted");
  const range = readRange(query.timeRange, now);
  if (range === undefined)
    refuse("timeRange", `Expected ${Object.keys(RANGES_MS).join(", ")}, or start before end, received ${shownValue(query.timeRange)}`);
  const { name, outputFormat, csvDelimiter: delimiter } = query;
  const functions = query.metrics.map((metric) => (metric.name === "tps" ? "tps" : `${metric.function || "sum"}(${metric.name})`));
  const columns = query.metrics.map(({ alias }, index) => alias ?? functions[index] ?? "");
  if (new Set([...columns, ...query.dimensions]).size < columns.length + query.dimensions.length)
    refuse("metrics", "Expected a name of its own for each column of the result");
  const parameters = new URLSearchParams({
    select: functions.join(","),
    timeRange: `${statsTime(range?.from ?? 0)}~${statsTime(range?.until ?? 1_000)}`,
    ...(query.groupByTimeUnit && { timeUnit: query.groupByTimeUnit }),
    ...(query.filter && { filter: query.filter }),
    ...(query.limit !== undefined && { limit: String(Math.min(query.limit, limits.maxQueryRows)) }),
    tsAscending: "true",
  });
  const dimensions = query.dimensions.length === 0 ? "-" : query.dimensions.join(",");
  faults.push(...statsFaults(dimensions, parameters, limits));
  refuseFaults(faults);
  return { name, dimensions, parameters: String(parameters), columns, outputFormat, delimiter };
}

function statsFaults(dimensions: string, parameters: URLSearchParams, { maxQueryRows }: ControlLimits): readonly FieldViolation[] {
  try {
    readStatsQuery(dimensions, parameters, { maxStatsGroups: maxQueryRows, maxStatsPoints: maxQueryRows });
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.violations.map((violation) => ({ ...violation, field: FIELD_OF[violation.field] ?? violation.field }));
  }
}

/** In whole seconds, as the stats have times. */
function readRange(given: unknown, now: number): { readonly from: number; readonly until: number } | undefined {
  if (typeof given === "string") {
    const length = Object.hasOwn(RANGES_MS, given) ? RANGES_MS[given] : undefined;
    const until = Math.ceil(now / 1_000) * 1_000;
    return length === undefined ? undefined : { from: until - length, until };
  }
  const parsed = rangeSchema.safeParse(given);
  if (!parsed.success) return undefined;
  const [from, until] = [parsed.data.start, parsed.data.end].map((text) => Math.floor(Date.parse(text) / 1_000) * 1_000);
  return from === undefined || until === undefined || from < 0 || from >= until ? undefined : { from, until };
}
