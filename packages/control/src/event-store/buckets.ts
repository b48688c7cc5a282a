import type { SqlWriter } from "./sql.ts";

export const TIME_UNITS = ["second", "minute", "hour", "day", "week", "month"] as const;

export type TimeUnit = (typeof TIME_UNITS)[number];

/** In milliseconds since 1970: from `from` up to, but without, `until`. */
type TimeRange = { readonly from: number; readonly until: number };

/** Time is divided in units of a place that is `offsetMinutes` ahead of UTC. A week begins on Monday. */
export type Per = { readonly unit: TimeUnit; readonly offsetMinutes: number };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Units that are always as long. */
const LENGTHS_MS: Readonly<Record<Exclude<TimeUnit, "month">, number>> = {
  second: 1_000,
  minute: MINUTE_MS,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
};
/** 1970 began on a Thursday. */
const WEEK_BEGAN_MS = 3 * DAY_MS;

/** How many units a range has, about: none has fewer than this less two. */
export function countUnits({ from, until }: TimeRange, { unit }: Per): number {
  return Math.ceil((until - from) / (unit === "month" ? 30 * DAY_MS : LENGTHS_MS[unit]));
}

/** How long the unit is that begins at a time, in seconds. */
export function unitSeconds({ unit, offsetMinutes }: Per, at: number): number {
  if (unit !== "month") return LENGTHS_MS[unit] / 1_000;
  const local = new Date(at + offsetMinutes * MINUTE_MS);
  return (Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1) - Date.UTC(local.getUTCFullYear(), local.getUTCMonth())) / 1_000;
}

/** The start of the unit that an event is in, in milliseconds since 1970, as SQL over one of them. */
export function bucketSql(writer: SqlWriter, { from, until }: TimeRange, per: Per): string {
  const { unit, offsetMinutes } = per;
  if (unit === "month") return monthSql(writer, monthStarts({ from, until }, offsetMinutes));
  const length = LENGTHS_MS[unit];
  const shift = offsetMinutes * MINUTE_MS + (unit === "week" ? WEEK_BEGAN_MS : 0);
  const ahead = ((shift % length) + length) % length;
  return `(time - (time + ${ahead}) % ${writer.value({ type: "number", value: length })})`;
}

/** Months have no length: their starts are counted out. */
function monthSql(writer: SqlWriter, starts: readonly number[]): string {
  const [first = 0, ...later] = starts.map((start) => writer.value({ type: "number", value: start }));
  const cases = later.toReversed().map((start) => `WHEN time >= ${start} THEN ${start}`);
  return cases.length === 0 ? String(first) : `(CASE ${cases.join(" ")} ELSE ${first} END)`;
}

function monthStarts({ from, until }: TimeRange, offsetMinutes: number): number[] {
  const ahead = offsetMinutes * MINUTE_MS;
  const first = new Date(from + ahead);
  const starts: number[] = [];
  for (let month = first.getUTCMonth(); ; month += 1) {
    const start = Date.UTC(first.getUTCFullYear(), month) - ahead;
    if (starts.length > 0 && start >= until) return starts;
    starts.push(start);
  }
}
