import { statsTime } from "@wherefrom/model/stats-time";
import type { Body } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { printTable } from "../../table.ts";

type StatsOptions = ApiOptions & {
  readonly by?: string;
  readonly select: string;
  readonly last: number;
  readonly range?: string;
  readonly timeUnit?: string;
  readonly tzo?: string;
  readonly filter?: string;
  readonly sortBy?: string;
  readonly ascending?: boolean;
  readonly top?: number;
};

/** Shows metrics over the events of an environment: a line for each group, or for each of its times. */
export async function showStats(argument: string | undefined, options: StatsOptions): Promise<void> {
  const { json, by = "-", select, range, last, timeUnit, tzo, filter, sortBy, ascending, top } = options;
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(argument, environment))}/stats/${encodeURIComponent(by)}`;
  const { body } = await api.get(path, {
    select,
    timeRange: range ?? lastRange(last, Date.now()),
    sort: ascending === true ? "ASC" : "DESC",
    ...(timeUnit !== undefined && { timeUnit }),
    ...(tzo !== undefined && { tzo }),
    ...(filter !== undefined && { filter }),
    ...(sortBy !== undefined && { sortby: sortBy }),
    ...(top !== undefined && { topk: String(top) }),
  });
  await printFound(json, { json: { stats: body }, text: () => printStats(body, { by, hasTimes: timeUnit !== undefined }) });
}

/** Up to the end of this second, so that what has just been stored is in it. */
function lastRange(lastMs: number, now: number): string {
  const until = Math.ceil((now + 1) / 1_000) * 1_000;
  return [until - lastMs, until].map(statsTime).join("~");
}

type Shown = { readonly by: string; readonly hasTimes: boolean };

function printStats({ environments, metaData }: Body, { by, hasTimes }: Shown): string {
  const [{ metrics, dimensions }] = environments;
  const groups: readonly Body[] = dimensions ?? (metrics === undefined ? [] : [{ individualNames: [], metrics }]);
  const [first] = groups;
  if (first === undefined) return "No events";
  const names = by === "-" ? [] : by.split(",");
  const heading = [...names, ...(hasTimes ? ["time"] : []), ...first.metrics.map(({ name }: Body) => name)];
  const rows = groups.flatMap((group) => (hasTimes ? timeRows(group) : [[...group.individualNames, ...group.metrics.map(soleValue)]]));
  const notices = metaData.notices.filter((notice: string) => !notice.startsWith("Source:"));
  return [printTable([heading, ...rows]), ...notices].join("\n");
}

/** Metrics of one group have the same times, but for those of which there was nothing to make a value. */
function timeRows({ individualNames, metrics }: Body): string[][] {
  const times: number[] = [...new Set<number>(metrics.flatMap(({ values }: Body) => values.map(({ timestamp }: Body) => timestamp)))];
  return times.map((time) => [
    ...individualNames,
    new Date(time).toISOString().slice(0, 19).replace("T", " "),
    ...metrics.map(({ values }: Body) => shownNumber(values.find(({ timestamp }: Body) => timestamp === time)?.value)),
  ]);
}

function soleValue({ values }: Body): string {
  return shownNumber(values[0]);
}

/** Whole numbers without a fraction, others with two digits; a dash where there is none. */
function shownNumber(value: string | undefined): string {
  if (value === undefined) return "-";
  return Number.isInteger(Number(value)) ? String(Number(value)) : Number(value).toFixed(2);
}
