import type { AskedQuery } from "../config-store/query-port.ts";
import type { Group } from "../event-store/port.ts";
import { secondsOf, shownMeasure } from "./stats.ts";
import { shownStatsValue } from "./stats-names.ts";
import type { StatsQuery } from "./stats-query.ts";

/** A result as it is kept, and its number of rows. */
export type QueryResult = { readonly text: string; readonly rows: number };

type Row = readonly (string | undefined)[];

/**
 * The result of a query as lines: of JSON, an object each, or of CSV with a head (RFC 4180). A column for each dimension, one for the time by the name of
 * its unit, one for each metric; what has no value is left out, or empty.
 */
export function writeQueryResult(
  asked: AskedQuery,
  { wanted, groups }: { readonly wanted: StatsQuery; readonly groups: readonly Group[] },
): QueryResult {
  const dimensions = asked.dimensions === "-" ? [] : asked.dimensions.split(",");
  const names = [...dimensions, ...(wanted.per === undefined ? [] : [wanted.per.unit]), ...asked.columns];
  const rows = groups.flatMap(({ values, points }): Row[] => {
    const shown = wanted.dimensions.map((dimension, index) => shownStatsValue(dimension, values[index]));
    return points.map(({ at, measures }) => [
      ...shown,
      ...(at === undefined ? [] : [new Date(at).toISOString()]),
      ...wanted.selected.map((selected, index) => shownMeasure(measures[index], { selected, seconds: secondsOf(wanted, at) })),
    ]);
  });
  const lines = asked.outputFormat === "csv" ? csvLines(names, rows, asked.delimiter) : rows.map((row) => jsonLine(names, row));
  return { text: lines.map((line) => `${line}\n`).join(""), rows: rows.length };
}

function jsonLine(names: readonly string[], row: Row): string {
  return JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

function csvLines(names: readonly string[], rows: readonly Row[], delimiter: string): readonly string[] {
  return [names, ...rows].map((row) => row.map((value) => csvField(value ?? "", delimiter)).join(delimiter));
}

/** What a spreadsheet would take for a formula begins with a quote, which it does not show: a client chose some of these texts. Source: OWASP, "CSV Injection". */
function csvField(value: string, delimiter: string): string {
  const harmless = /^[=+\-@\t\r]/.test(value) && !Number.isFinite(Number(value)) ? `'${value}` : value;
  return harmless.includes(delimiter) || /["\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
