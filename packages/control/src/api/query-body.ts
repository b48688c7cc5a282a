import type { FieldViolation } from "@wherefrom/model";
import { statsTime } from "@wherefrom/model/stats-time";
import { z } from "zod";
import type { AskedQuery } from "../config-store/query-port.ts";
import { ApiError } from "../http/api-error.ts";
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
    // likewise: a comma would make two of one
    dimensions: z
      .array(z.string("Expected a dimension").regex(/^[a-z_]+$/, "Expected the name of one dimension"), "Expected a list of dimensions")
      .default([]),
    timeRange: z
      .unknown()
      .optional()
      .describe(
        "Required. last60minutes, last24hours, last7days, or an object of start and end: 2026-11-25T00:00:00Z. The end itself is left out",
      ),
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

type Query = z.output<typeof querySchema>;
type Metric = Query["metrics"][number];
type Range = { readonly from: number; readonly until: number };
type Reading = { readonly limits: ControlLimits; readonly now: number };

/** Reads a query and judges it as the stats would. Errors: `ApiError` FIELDS_INVALID with every fault. */
export function readQueryBody(body: JsonObject, { limits, now }: Reading): AskedQuery {
  const given = QUERY.given(body);
  const sound = soundFields(given);
  const range = readRange(given["timeRange"], now);
  const parameters = parametersOf(sound, { range, limits });
  const dimensions = sound.dimensions?.length ? sound.dimensions.join(",") : "-";
  const {
    name,
    outputFormat,
    csvDelimiter: delimiter,
  } = QUERY.read(given, [
    ...refusedFields(sound),
    ...(range === undefined ? [rangeFault(given["timeRange"])] : []),
    ...columnFaults(sound),
    ...statsFaults(dimensions, parameters, limits),
  ]);
  return { name, dimensions, parameters: String(parameters), columns: columnsOf(sound), outputFormat, delimiter };
}

/** Those that are as the schema has them, so that what else is wrong in them is told together with what is wrong in others. */
function soundFields(given: JsonObject): Partial<Query> {
  const fields = Object.entries(querySchema.shape).map(([name, schema]) => [name, schema.safeParse(given[name])] as const);
  return Object.fromEntries(fields.flatMap(([name, parsed]) => (parsed.success ? [[name, parsed.data]] : [])));
}

/** What Apigee has and is not here. */
function refusedFields({ metrics = [], ...query }: Partial<Query>): FieldViolation[] {
  const fields = (["reportDefinitionId", "envgroupHostname"] as const)
    .filter((field) => query[field])
    .map((field) => faultAt(field, `Expected none, as there are none here, received ${shownValue(query[field])}`));
  const operators = metrics.flatMap(({ operator, value }, index) =>
    operator || value
      ? [faultAt(`metrics/${index}/operator`, `Expected none: results are as they were counted, received ${shownValue(operator || value)}`)]
      : [],
  );
  return [...fields, ...operators];
}

function rangeFault(given: unknown): FieldViolation {
  return faultAt("timeRange", `Expected ${Object.keys(RANGES_MS).join(", ")}, or start before end, received ${shownValue(given)}`);
}

/** A dimension that is there twice is a fault of its own. */
function columnFaults({ metrics = [], dimensions = [], groupByTimeUnit }: Partial<Query>): FieldViolation[] {
  const taken = new Set([...dimensions, groupByTimeUnit]);
  return columnsOf({ metrics }).flatMap((column, index) => {
    const isTaken = taken.has(column);
    taken.add(column);
    const description = `Expected a name of its own for each column of the result, received ${shownValue(column)}`;
    return isTaken ? [faultAt(`metrics/${index}/alias`, description)] : [];
  });
}

function faultAt(field: string, description: string): FieldViolation {
  return { field, description, reason: "FIELD_INVALID" satisfies FieldReason };
}

/** What each metric is called in the result. */
function columnsOf({ metrics = [] }: Partial<Query>): string[] {
  return metrics.map((metric) => metric.alias ?? selectOf(metric));
}

/** `tps` alone has no function. */
function selectOf({ name, function: aggregate }: Metric): string {
  return name === "tps" && (!aggregate || aggregate === "sum") ? name : `${aggregate || "sum"}(${name})`;
}

type Placing = { readonly range: Range | undefined; readonly limits: ControlLimits };

/** As the stats have them, with words that are right in the place of what was refused already. */
function parametersOf({ metrics, groupByTimeUnit, filter, limit }: Partial<Query>, { range, limits }: Placing): URLSearchParams {
  return new URLSearchParams({
    select: metrics?.map(selectOf).join(",") ?? "tps",
    timeRange: `${statsTime(range?.from ?? 0)}~${statsTime(range?.until ?? 1_000)}`,
    ...(groupByTimeUnit && { timeUnit: groupByTimeUnit }),
    ...(filter && { filter }),
    ...(limit !== undefined && { limit: String(Math.min(limit, limits.maxQueryRows)) }),
    tsAscending: "true",
  });
}

function statsFaults(dimensions: string, parameters: URLSearchParams, { maxQueryRows }: ControlLimits): readonly FieldViolation[] {
  try {
    readStatsQuery(dimensions, parameters, { maxStatsGroups: maxQueryRows, maxStatsPoints: maxQueryRows });
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.violations.map(({ field, description }) => faultAt(FIELD_OF[field] ?? field, description));
  }
}

/** In whole seconds, as the stats have times. */
function readRange(given: unknown, now: number): Range | undefined {
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
