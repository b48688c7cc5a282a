import type { FieldViolation } from "@wherefrom/model";
import { countUnits, type Per, TIME_UNITS } from "../event-store/buckets.ts";
import type { Aggregate, Measure } from "../event-store/dimensions.ts";
import type { Filter } from "../event-store/filter.ts";
import { refuseFaults } from "../http/api-error.ts";
import type { QueryParameter } from "../http/endpoint.ts";
import { shownValue } from "../http/violations.ts";
import { readStatsFilter } from "./stats-filter.ts";
import { STATS_DIMENSIONS, STATS_METRICS, type StatsDimension } from "./stats-names.ts";

/** What is selected, by the name that the client gave it; `tps` is made of the first of these measures, the events per second. */
export type Selected = { readonly name: string; readonly measure: Measure; readonly isPerSecond: boolean };

/** What was asked for, over the wire's names. */
export type StatsQuery = {
  readonly dimensions: readonly StatsDimension[];
  readonly selected: readonly Selected[];
  readonly from: number;
  readonly until: number;
  readonly per: Per | undefined;
  readonly filter: Filter | undefined;
  /** Indices into `selected`. */
  readonly order: readonly { readonly measure: number; readonly isDescending: boolean }[];
  readonly offset: number;
  readonly limit: number;
  readonly isAscending: boolean;
};

/** Source: Apigee's discovery document, `organizations.environments.stats.get`. */
export const STATS_QUERY: Readonly<Record<string, QueryParameter>> = {
  select: { type: "string", description: "Metrics with their functions, such as sum(message_count),avg(total_response_time)" },
  timeRange: { type: "string", description: "START~END in UTC, each MM/DD/YYYY HH:MM or with seconds; END itself is left out" },
  timeUnit: { type: "string", description: "second, minute, hour, day, week or month: values of each in place of one for the whole time" },
  filter: { type: "string", description: "Which events count: (response_status_code ge 400 and apiproxy in 'a','b')" },
  sortby: { type: "string", description: "Metrics of select that dimensions are sorted by. Default: the first" },
  sort: { type: "string", description: "DESC, the default, or ASC" },
  topk: { type: "string", description: "How many of the sorted dimensions are answered" },
  limit: { type: "string", description: "How many dimensions are answered at the most" },
  offset: { type: "string", description: "How many of the sorted dimensions are left out at the beginning" },
  tzo: { type: "string", description: "Minutes that the place of timeUnit is ahead of UTC; behind it they are negative" },
  tsAscending: { type: "boolean", description: "Whether the earliest time comes first. Default: the latest" },
  accuracy: { type: "string", description: "Without effect: all events are counted" },
  aggTable: { type: "string", description: "Without effect" },
  realtime: { type: "boolean", description: "Without effect: an event counts once it is stored" },
  sonar: { type: "boolean", description: "Without effect" },
};

type StatsLimits = { readonly maxStatsGroups: number; readonly maxStatsPoints: number };

/**
 * Reads the dimensions of the path and the query.
 *
 * Errors: `ApiError` QUERY_INVALID with every fault.
 */
export function readStatsQuery(path: string, query: URLSearchParams, { maxStatsGroups, maxStatsPoints }: StatsLimits): StatsQuery {
  const faults: FieldViolation[] = [];
  const refuse = (field: string, expected: string, given: unknown): void => {
    faults.push({ field, description: `${expected}, received ${shownValue(given)}` });
  };
  const dimensions = readDimensions(path, refuse);
  const selected = readSelect(query.get("select"), refuse);
  const { from, until } = readTimeRange(query.get("timeRange"), refuse);
  const per = readPer(query, refuse);
  if (per !== undefined && countUnits({ from, until }, per) > maxStatsPoints)
    refuse("timeUnit", `Expected at most ${maxStatsPoints} of them in the range`, per.unit);
  const filter = readFilter(query.get("filter"), faults);
  const order = readOrder(query, selected, refuse);
  const limits = ["topk", "limit"].map((name) => readWhole(query, { name, least: 1 }, refuse) ?? maxStatsGroups);
  const offset = readWhole(query, { name: "offset", least: 0 }, refuse) ?? 0;
  refuseFaults(faults, "QUERY_INVALID");
  const limit = Math.min(...limits, maxStatsGroups);
  return { dimensions, selected, from, until, per, filter, order, offset, limit, isAscending: query.get("tsAscending") === "true" };
}

type Refuse = (field: string, expected: string, given: unknown) => void;

/** `-` is none, as there is no path without a name. */
function readDimensions(path: string, refuse: Refuse): StatsDimension[] {
  const names = path === "-" ? [] : path.split(",").map((name) => name.trim());
  if (new Set(names).size < names.length) refuse("dimensions", "Expected each dimension once", path);
  return names.flatMap((name) => {
    const known = Object.hasOwn(STATS_DIMENSIONS, name) ? STATS_DIMENSIONS[name] : undefined;
    if (known !== undefined) return [known];
    refuse("dimensions", `Expected - for none, or any of ${Object.keys(STATS_DIMENSIONS).join(", ")}`, name);
    return [];
  });
}

const SELECT = /^(?:(?<aggregate>[a-z]+)\((?<metric>[a-z_]+)\)|(?<lone>[a-z_]+))$/;

function readSelect(text: string | null, refuse: Refuse): Selected[] {
  if (text === null || text.trim() === "") {
    refuse("select", `Expected functions of metrics, such as sum(message_count): ${knownMetrics()}`, text ?? undefined);
    return [];
  }
  return text.split(",").flatMap((given) => {
    const name = given.replaceAll(/\s/g, "");
    const selected = selectedOf(name);
    if (selected === undefined) refuse("select", `Expected ${knownMetrics()}`, given);
    return selected === undefined ? [] : [selected];
  });
}

function selectedOf(name: string): Selected | undefined {
  const { aggregate, metric, lone } = SELECT.exec(name)?.groups ?? {};
  if (lone === "tps") return { name, measure: { metric: "messages", aggregate: "sum" }, isPerSecond: true };
  const given = metric ?? lone ?? "";
  const known = Object.hasOwn(STATS_METRICS, given) ? STATS_METRICS[given] : undefined;
  const wanted = (aggregate ?? "sum") as Aggregate;
  return known?.aggregates.includes(wanted)
    ? { name, measure: { metric: known.metric, aggregate: wanted }, isPerSecond: false }
    : undefined;
}

function knownMetrics(): string {
  const metrics = Object.entries(STATS_METRICS).map(([name, { aggregates }]) => `${aggregates.join("|")}(${name})`);
  return ["tps", ...metrics].join(", ");
}

const MOMENT =
  /^(?<month>[0-9]{1,2})\/(?<day>[0-9]{1,2})\/(?<year>[0-9]{4}) (?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2}))?$/;

function readTimeRange(text: string | null, refuse: Refuse): { readonly from: number; readonly until: number } {
  const [from, until, ...more] = (text ?? "").split("~").map((moment) => readMoment(moment.trim()));
  if (from !== undefined && until !== undefined && more.length === 0 && from < until) return { from, until };
  refuse("timeRange", "Expected START~END, START before END, such as 11/25/2026 00:00~11/26/2026 00:00", text ?? undefined);
  return { from: 0, until: 0 };
}

/** Milliseconds since 1970; `undefined` for what is no time. */
function readMoment(text: string): number | undefined {
  const { month, day, year, hour, minute, second = "0" } = MOMENT.exec(text)?.groups ?? {};
  const fields = [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const time = new Date(Date.UTC(...fields));
  const read = [
    time.getUTCFullYear(),
    time.getUTCMonth(),
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
  ];
  // 02/30 or 24:00 would be another day
  return fields.every((field, index) => field === read[index]) && time.getTime() >= 0 ? time.getTime() : undefined;
}

/** From Samoa to Kiribati. */
const MAX_OFFSET_MINUTES = 14 * 60;

function readPer(query: URLSearchParams, refuse: Refuse): Per | undefined {
  const tzo = query.get("tzo") ?? "0";
  const isOffset = /^[+-]?[0-9]{1,3}$/.test(tzo) && Math.abs(Number(tzo)) <= MAX_OFFSET_MINUTES;
  if (!isOffset) refuse("tzo", `Expected whole minutes from -${MAX_OFFSET_MINUTES} to ${MAX_OFFSET_MINUTES}`, tzo);
  const given = query.get("timeUnit");
  if (!given) return undefined;
  const unit = TIME_UNITS.find((known) => known === given);
  if (unit === undefined) refuse("timeUnit", `Expected one of ${TIME_UNITS.join(", ")}`, given);
  return unit === undefined || !isOffset ? undefined : { unit, offsetMinutes: Number(tzo) };
}

function readFilter(text: string | null, faults: FieldViolation[]): Filter | undefined {
  if (text === null || text.trim() === "") return undefined;
  const reading = readStatsFilter(text);
  if (reading.kind === "filter") return reading.filter;
  faults.push(...reading.descriptions.map((description) => ({ field: "filter", description })));
  return undefined;
}

function readOrder(query: URLSearchParams, selected: readonly Selected[], refuse: Refuse): StatsQuery["order"] {
  const sort = query.get("sort") || "DESC";
  if (!["ASC", "DESC"].includes(sort.toUpperCase())) refuse("sort", "Expected ASC or DESC", sort);
  const isDescending = sort.toUpperCase() !== "ASC";
  const sortby = query.get("sortby");
  const names = sortby ? sortby.split(",").map((name) => name.replaceAll(/\s/g, "")) : selected.slice(0, 1).map(({ name }) => name);
  return names.flatMap((name) => {
    const measure = selected.findIndex((one) => one.name === name);
    if (measure === -1) refuse("sortby", "Expected metrics of select", name);
    return measure === -1 ? [] : [{ measure, isDescending }];
  });
}

function readWhole(
  query: URLSearchParams,
  { name, least }: { readonly name: string; readonly least: number },
  refuse: Refuse,
): number | undefined {
  const given = query.get(name);
  if (!given) return undefined;
  if (/^[0-9]{1,9}$/.test(given) && Number(given) >= least) return Number(given);
  refuse(name, `Expected a whole number from ${least} to 999999999`, given);
  return undefined;
}
