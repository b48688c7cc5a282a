import { FIRST_TIME, LAST_TIME } from "./make-events.ts";

const DAY_MS = LAST_TIME - FIRST_TIME;

/** The parts of a day, at least so many, that each have whole milliseconds. */
export function wholeParts(least: number): number {
  let parts = Math.max(1, Math.ceil(least));
  while (DAY_MS % parts !== 0) parts += 1;
  return parts;
}

/** SQL that gives each other part of the day the events of the first one, one statement a part. `columns` are those of the table, in its order. */
export function repeatStatements(parts: number, columns: readonly string[]): string[] {
  const partMs = DAY_MS / parts;
  return Array.from({ length: parts - 1 }, (_, index) => {
    const later = columns.map((column) => (column === "time" ? `time + ${(index + 1) * partMs}` : column)).join(", ");
    return `INSERT INTO events SELECT ${later} FROM events WHERE time < ${FIRST_TIME + partMs}`;
  });
}
