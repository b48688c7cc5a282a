const MONTHS = new Map(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].map((name, at) => [name, at]));

/** `10/Oct/2000:13:55:36 +0000`, and HAProxy's `06/Feb/2009:12:14:14.655`. */
const COMMON = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(?: ([+-])(\d{2})(\d{2}))?$/;

const EPOCH = /^\d{9,19}(?:\.\d{1,9})?$/;

const ISO = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads the time of a log line, in milliseconds since 1970: as Apache and nginx write it, ISO 8601 (RFC 3339), or a number since 1970. `undefined` for anything else.
 *
 * A time without a zone, as HAProxy writes it, is read in the zone of this process.
 */
export function parseLogTime(text: string): number | undefined {
  const common = COMMON.exec(text);
  if (common !== null) return commonTime(common);
  if (EPOCH.test(text)) return timeOfNumber(Number(text));
  if (!ISO.test(text)) return undefined;
  const time = Date.parse(
    text
      .replace(" ", "T")
      .replace(",", ".")
      .replace(/([+-]\d{2})(\d{2})$/, "$1:$2"),
  );
  return Number.isNaN(time) ? undefined : time;
}

/** Milliseconds since 1970 of a number that counts seconds, or smaller units where it is too large for that: each is told from 1973 on. `undefined` for no time that there is. */
export function timeOfNumber(value: number): number | undefined {
  const unit = UNITS.find(({ from }) => value >= from) ?? SECONDS;
  const time = Math.round(value * unit.ms);
  return Math.abs(time) <= MAX_TIME ? time : undefined;
}

const SECONDS = { from: 0, ms: 1e3 };

/** Nanoseconds, microseconds and milliseconds. */
const UNITS = [
  { from: 1e17, ms: 1e-6 },
  { from: 1e14, ms: 1e-3 },
  { from: 1e11, ms: 1 },
];

/** The latest time that there is, in milliseconds since 1970. Source: ECMA-262, "Time Values and Time Range". */
const MAX_TIME = 8.64e15;

/** Where the two digits of the seconds begin in a time that `parseLogTime` reads; `undefined` in one that is a number. */
export function secondsIn(time: string): number | undefined {
  if (time[2] === "/") return "10/Oct/2000:13:55:".length;
  return time[4] === "-" ? "2000-10-10T13:55:".length : undefined;
}

function commonTime([, day, name = "", year, hour, minute, second, fraction = "0", sign, zoneHours, zoneMinutes]: RegExpExecArray):
  | number
  | undefined {
  const month = MONTHS.get(name);
  if (month === undefined) return undefined;
  const at = [Number(year), month, Number(day), Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, "0"))] as const;
  if (at[2] < 1 || at[2] > 31 || at[3] > 23 || at[4] > 59 || at[5] > 60) return undefined;
  if (sign === undefined) return new Date(...at).getTime();
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  return Date.UTC(...at) - (sign === "-" ? -zoneMs : zoneMs);
}
