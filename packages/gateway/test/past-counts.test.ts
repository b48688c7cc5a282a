import { expect, test } from "vitest";
import { eventsName, waitingEventsName } from "../src/admin/gateway-metrics.ts";
import { counter, gauge, type MetricFamily } from "../src/admin/metric-family.ts";
import { PastCounts } from "../src/workers/past-counts.ts";

function toldOf(
  requests: number,
  events: { readonly recorded: number; readonly dropped: number; readonly waiting: number },
): MetricFamily[] {
  return [
    counter({ name: "wherefrom_requests_total", help: "" }, requests),
    counter(
      { name: eventsName, help: "" },
      (["recorded", "dropped"] as const).map((result) => ({ labels: { result }, value: events[result] })),
    ),
    gauge({ name: waitingEventsName, help: "", aggregator: "sum" }, events.waiting),
  ];
}

test("of a worker that is gone as many events are told as requests: those that waited count as lost", async () => {
  const past = new PastCounts();
  past.add([toldOf(10, { recorded: 6, dropped: 1, waiting: 3 })]);
  past.add([toldOf(5, { recorded: 5, dropped: 0, waiting: 0 })]);
  await past.sum();
  const values = past.lists().flatMap((families) => families.map(({ name, values: told }) => [name, ...told.map(({ value }) => value)]));
  expect(values).toEqual([
    ["wherefrom_requests_total", 15],
    [eventsName, 11, 4],
  ]);
});
