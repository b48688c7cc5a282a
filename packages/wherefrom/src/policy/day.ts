const DAY = /^(\d{4})-(\d{2})-(\d{2})/;

/**
 * The number of the day that a text starts with (`2026-11-23`, `2026-11-23T20:00:00Z`), in days since 1970-01-01 of the Gregorian calendar. `undefined` for
 * a day that no calendar has.
 *
 * Source: ISO 8601 calendar dates. The time of day and the zone are not read: give UTC.
 */
export function dayNumber(text: string): number | undefined {
  const [, year = 0, month = 0, day = 0] = (DAY.exec(text) ?? []).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  // Years are counted from March, so that the leap day is the last of its year.
  const marchYear = month < 3 ? year - 1 : year;
  const dayOfMarchYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return marchYear * 365 + leapDaysTo(marchYear) + dayOfMarchYear - DAYS_TO_1970;
}

/** Days from 1 March of the year 0 to 1 January 1970. */
const DAYS_TO_1970 = 719_468;

function leapDaysTo(year: number): number {
  return Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return leapDaysTo(year) - leapDaysTo(year - 1) === 1 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
