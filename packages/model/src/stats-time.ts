/**
 * A time as it stands in the `timeRange` of stats: `MM/DD/YYYY HH:MM:SS` in UTC, without what is left of the second. `time`: milliseconds since 1970.
 *
 * Source: Apigee, organizations.environments.stats.get.
 */
export function statsTime(time: number): string {
  const [year, month, day, clock] = new Date(time).toISOString().split(/[-T.]/);
  return `${month}/${day}/${year} ${clock}`;
}
