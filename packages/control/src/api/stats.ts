import { z } from "zod";
import { unitSeconds } from "../event-store/buckets.ts";
import { type EventStore, type Group, type Point, QuestionTooCostly } from "../event-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { requireEnvironment } from "./environments.ts";
import { requireEventStore } from "./require-event-store.ts";
import { shownStatsValue } from "./stats-names.ts";
import { readStatsQuery, type Selected, STATS_QUERY, type StatsQuery } from "./stats-query.ts";

const metricSchema = z
  .object({
    name: z.string(),
    values: z
      .array(z.unknown())
      .describe("Texts, or with timeUnit objects of timestamp and value. Empty where there is nothing to make a value of"),
  })
  .meta({ id: "Metric" });

const dimensionSchema = z
  .object({
    name: z.string().describe("The values joined by commas; individualNames are not to be taken for each other"),
    individualNames: z.array(z.string()),
    metrics: z.array(metricSchema),
  })
  .meta({ id: "DimensionMetric" });

const environmentStatsSchema = z
  .object({
    name: z.string(),
    metrics: z.array(metricSchema).optional().describe("Without dimensions. Absent when there are no events"),
    dimensions: z.array(dimensionSchema).optional(),
  })
  .meta({ id: "StatsEnvironmentStats" });

const statsSchema = z
  .object({
    environments: z.array(environmentStatsSchema),
    metaData: z.object({ errors: z.array(z.string()), notices: z.array(z.string()) }).meta({ id: "Metadata" }),
  })
  .meta({ id: "Stats" });

export type Stats = z.infer<typeof statsSchema>;

/** Source: Apigee, `organizations.environments.stats.get`. */
export const getStats: Endpoint = {
  summary: "Metrics over the events of an environment, by dimensions and time",
  query: STATS_QUERY,
  answers: statsSchema,
  async handle(call) {
    const { parts, organization, query, param } = call;
    const { maxStatsGroups, maxStatsPoints } = parts.limits;
    const { name: environment } = await requireEnvironment(call.store, param("env"));
    const wanted = readStatsQuery(param("dimensions"), query, { maxStatsGroups, maxStatsPoints });
    const eventStore = requireEventStore(call);
    const asking = { key: { organization, environment }, wanted, maxPoints: maxStatsPoints, signal: call.signal };
    const groups = await askWithinMeans(eventStore, asking);
    return jsonAnswer(statsOf(environment, wanted, groups));
  },
};

type Asking = {
  readonly key: { readonly organization: string; readonly environment: string };
  readonly wanted: StatsQuery;
  readonly maxPoints: number;
  /** Of who waits for the answer: it is worked on for nobody else. */
  readonly signal?: AbortSignal;
};

/** One group more than is wanted, to know whether there are more. Errors: `ApiError` STATS_TOO_LARGE; the reason of the signal. */
export async function askWithinMeans(store: EventStore, { key, wanted, maxPoints, signal }: Asking): Promise<readonly Group[]> {
  const { dimensions, selected, limit, isAscending: _isAscending, ...asked } = wanted;
  const question = {
    ...asked,
    dimensions: dimensions.map(({ dimension }) => dimension),
    measures: selected.map(({ measure }) => measure),
    limit: limit + 1,
    maxPoints,
  };
  try {
    return await store.ask(key, question, { signal });
  } catch (error) {
    if (!(error instanceof QuestionTooCostly)) throw error;
    throw new ApiError(
      "STATS_TOO_LARGE",
      "Stats: Expected a question that is answered in time and room. Ask for a shorter range, longer units, fewer dimensions or a limit",
    );
  }
}

function statsOf(environment: string, wanted: StatsQuery, groups: readonly Group[]): Stats {
  const shown = groups.slice(0, wanted.limit);
  const notices = [
    "Source:events of this environment",
    ...(groups.length > shown.length ? [`Of the dimensions the first ${shown.length} are here: there are more`] : []),
  ];
  const [group] = shown;
  if (wanted.dimensions.length === 0)
    return {
      environments: [{ name: environment, ...(group && { metrics: metricsOf(group.points, wanted) }) }],
      metaData: { errors: [], notices },
    };
  const dimensions = shown.map(({ values, points }) => {
    const individualNames = wanted.dimensions.map((dimension, index) => shownStatsValue(dimension, values[index]));
    return { name: individualNames.join(","), individualNames, metrics: metricsOf(points, wanted) };
  });
  return { environments: [{ name: environment, dimensions }], metaData: { errors: [], notices } };
}

function metricsOf(points: readonly Point[], wanted: StatsQuery): z.infer<typeof metricSchema>[] {
  const inOrder = wanted.isAscending ? points : points.toReversed();
  return wanted.selected.map((selected, index) => ({
    name: selected.name,
    values: inOrder.flatMap(({ at, measures }): unknown[] => {
      const value = shownMeasure(measures[index], { selected, seconds: secondsOf(wanted, at) });
      if (value === undefined) return [];
      return at === undefined ? [value] : [{ timestamp: at, value }];
    }),
  }));
}

export function secondsOf({ from, until, per }: StatsQuery, at: number | undefined): number {
  return per === undefined || at === undefined ? (until - from) / 1_000 : unitSeconds(per, at);
}

/** Digits of a fraction that is told. A database adds in parts, and what is behind these differs from one time it is asked to the next. */
const SHOWN_DIGITS = 12;

/** As a text with a fraction, which Apigee's clients read as a number of 64 bits. */
export function shownMeasure(
  measure: number | undefined,
  { selected, seconds }: { readonly selected: Selected; readonly seconds: number },
): string | undefined {
  if (measure === undefined) return undefined;
  const exact = selected.isPerSecond ? measure / seconds : measure;
  const number = Number.isInteger(exact) ? exact : Number(exact.toPrecision(SHOWN_DIGITS));
  return Number.isInteger(number) ? `${number}.0` : String(number);
}
