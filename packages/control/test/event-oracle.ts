import type { TrafficEvent } from "@wherefrom/model";
import type { Per } from "../src/event-store/buckets.ts";
import type { Dimension, Measure, Metric } from "../src/event-store/dimensions.ts";
import type { Filter } from "../src/event-store/filter.ts";
import type { Group, Question } from "../src/event-store/port.ts";

/** Addresses that events of a comparison have, in the order of their 16 bytes. */
export const ADDRESSES = ["::1", "10.0.0.1", "203.0.113.7", "203.0.113.77", "2001:db8::1", "fe80::1"];

type Value = string | number | undefined;

/** What an event has of a dimension. */
const VALUES: Readonly<Partial<Record<Dimension, (event: TrafficEvent) => Value>>> = {
  gateway: ({ gateway }) => gateway,
  revision: ({ revision }) => revision,
  api: ({ api }) => api,
  method: ({ method }) => method,
  path: ({ path }) => path,
  status: ({ status }) => status,
  fault: ({ fault }) => fault,
  resolved_ip: ({ resolvedIp }) => resolvedIp,
  client_ip: ({ clientIp }) => clientIp,
  country: ({ country }) => country,
  user_agent: ({ userAgent }) => userAgent,
  hour_of_day: ({ time }) => new Date(time).getUTCHours(),
  day_of_week: ({ time }) => (new Date(time).getUTCDay() + 6) % 7,
  month_of_year: ({ time }) => new Date(time).getUTCMonth() + 1,
};

export const COMPARED_DIMENSIONS = Object.keys(VALUES) as Dimension[];

const NUMBERS: Readonly<Record<Metric, (event: TrafficEvent) => number | undefined>> = {
  messages: () => 1,
  errors: ({ status, fault }) => (status === undefined || status >= 400 || fault !== undefined ? 1 : 0),
  targetErrors: ({ status, fault }) => (status !== undefined && status >= 500 && fault === undefined ? 1 : 0),
  faults: ({ fault }) => (fault === undefined ? 0 : 1),
  durationMs: ({ durationMs }) => durationMs,
  targetMs: ({ targetMs }) => targetMs,
  requestBytes: ({ requestBytes }) => requestBytes,
  responseBytes: ({ responseBytes }) => responseBytes,
};

/** Answers a question by going through all events, as plainly as can be. */
export function answerSlowly(events: readonly TrafficEvent[], question: Question): Group[] {
  const { from, until, filter, dimensions, measures, per, order, offset, limit } = question;
  const meant = events.filter((event) => event.time >= from && event.time < until && (filter === undefined || isMeant(event, filter)));
  const groups: { values: Value[]; events: TrafficEvent[] }[] = [];
  for (const event of meant) {
    const values = dimensions.map((dimension) => valueOfEvent(event, dimension));
    const group = groups.find((known) => known.values.every((value, index) => value === values[index]));
    if (group === undefined) groups.push({ values, events: [event] });
    else group.events.push(event);
  }
  groups.sort((left, right) => {
    for (const { measure, isDescending } of order) {
      const [one, other] = [left, right].map((group) => measureOver(group.events, measures[measure] as Measure));
      if (one === other) continue;
      if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
      return isDescending ? other - one : one - other;
    }
    const differing = left.values.findIndex((value, index) => value !== right.values[index]);
    return compareValues(left.values[differing], right.values[differing]);
  });
  return groups.slice(offset, offset + limit).map((group) => ({
    values: group.values.map((value) => (value === undefined ? undefined : String(value))),
    points: pointsOver(group.events, measures, per),
  }));
}

function pointsOver(events: readonly TrafficEvent[], measures: readonly Measure[], per: Per | undefined): Group["points"] {
  const starts = new Set(events.map(({ time }) => (per === undefined ? undefined : startOf(time, per))));
  return [...starts]
    .sort((left, right) => Number(left) - Number(right))
    .map((at) => {
      const those = events.filter(({ time }) => per === undefined || startOf(time, per) === at);
      return { at, measures: measures.map((measure) => measureOver(those, measure)) };
    });
}

function startOf(time: number, { unit, offsetMinutes }: Per): number {
  const local = new Date(time + offsetMinutes * 60_000);
  if (unit === "month") local.setUTCDate(1);
  if (unit === "week") local.setUTCDate(local.getUTCDate() - ((local.getUTCDay() + 6) % 7));
  if (unit === "second") local.setUTCMilliseconds(0);
  else if (unit === "minute") local.setUTCSeconds(0, 0);
  else if (unit === "hour") local.setUTCMinutes(0, 0, 0);
  else local.setUTCHours(0, 0, 0, 0);
  return local.getTime() - offsetMinutes * 60_000;
}

function measureOver(events: readonly TrafficEvent[], { metric, aggregate }: Measure): number | undefined {
  let sum = 0;
  let weights = 0;
  const numbers: number[] = [];
  for (const event of events) {
    const number = NUMBERS[metric](event);
    if (number === undefined) continue;
    const weight = 1 / (event.sampleRate ?? 1);
    sum += number * weight;
    weights += weight;
    numbers.push(number);
  }
  if (aggregate === "sum") return sum;
  if (numbers.length === 0) return undefined;
  if (aggregate === "avg") return sum / weights;
  return aggregate === "min" ? Math.min(...numbers) : Math.max(...numbers);
}

function isMeant(event: TrafficEvent, filter: Filter): boolean {
  if (filter.kind === "and" || filter.kind === "or") {
    const each = filter.of.map((one) => isMeant(event, one));
    return filter.kind === "and" ? !each.includes(false) : each.includes(true);
  }
  if (filter.kind === "not") return !isMeant(event, filter.of);
  const value = valueOfEvent(event, filter.dimension);
  if (filter.kind === "absent") return value === undefined;
  if (value === undefined) return false;
  if (filter.kind === "in") return filter.values.includes(String(value));
  if (filter.kind === "matches") return new RegExp(`^(?:${filter.pattern})$`, "s").test(String(value));
  const order = typeof value === "number" ? value - Number(filter.value) : compareValues(value, filter.value);
  return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[filter.operator];
}

function valueOfEvent(event: TrafficEvent, dimension: Dimension): Value {
  return VALUES[dimension]?.(event);
}

/** Absent ones last, addresses by their place among the known ones, other texts by their bytes. */
function compareValues(left: Value, right: Value): number {
  if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
  if (typeof left === "number") return left - Number(right);
  const places = [left, String(right)].map((text) => ADDRESSES.indexOf(text));
  if (!places.includes(-1)) return (places[0] ?? 0) - (places[1] ?? 0);
  return Buffer.compare(Buffer.from(left), Buffer.from(String(right)));
}
