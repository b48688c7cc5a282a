import type { Aggregate, Dimension, Metric } from "../event-store/dimensions.ts";

/** Words for the numbers that the store has, in their order from `first` on. */
type Words = { readonly first: number; readonly all: readonly string[] };

/** How a dimension is called over the wire, and how its values are written there. */
export type StatsDimension = {
  readonly dimension: Dimension;
  readonly words?: Words | undefined;
};

const twoDigits = (first: number, last: number): Words => ({
  first,
  all: Array.from({ length: last - first + 1 }, (_, index) => String(first + index).padStart(2, "0")),
});

/**
 * Dimensions by their names over the wire: Apigee's where there is one, else those of the event. Of Apigee's, those of what there is not here (developers, products, caches, devices,
 * cities) do not exist.
 *
 * Source: Apigee, "Analytics metrics, dimensions, and filters reference".
 */
export const STATS_DIMENSIONS: Readonly<Record<string, StatsDimension>> = {
  organization: { dimension: "organization" },
  environment: { dimension: "environment" },
  apiproxy: { dimension: "api" },
  target: { dimension: "target" },
  request_verb: { dimension: "method" },
  request_path: { dimension: "path" },
  response_status_code: { dimension: "status" },
  useragent: { dimension: "user_agent" },
  ax_resolved_client_ip: { dimension: "resolved_ip" },
  client_ip: { dimension: "client_ip" },
  proxy_client_ip: { dimension: "proxy_client_ip" },
  ax_true_client_ip: { dimension: "true_client_ip" },
  x_forwarded_for_ip: { dimension: "x_forwarded_for" },
  x_forwarded_proto: { dimension: "x_forwarded_proto" },
  ax_geo_country: { dimension: "country" },
  ax_edge_execution_fault_code: { dimension: "fault" },
  ax_hour_of_day: { dimension: "hour_of_day", words: twoDigits(0, 23) },
  ax_day_of_week: { dimension: "day_of_week", words: { first: 0, all: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] } },
  ax_month_of_year: { dimension: "month_of_year", words: twoDigits(1, 12) },
  gateway: { dimension: "gateway" },
  revision: { dimension: "revision" },
  decision: { dimension: "decision" },
  trust: { dimension: "trust" },
  outcome: { dimension: "outcome" },
  reason: { dimension: "reason" },
  algorithm: { dimension: "algorithm" },
  asn: { dimension: "asn" },
  security_action: { dimension: "security_action" },
  observed_action: { dimension: "observed_action" },
};

const SUM: readonly Aggregate[] = ["sum"];
const ALL: readonly Aggregate[] = ["sum", "avg", "min", "max"];

type StatsMetric = { readonly metric: Metric; readonly aggregates: readonly Aggregate[] };

/** Metrics by Apigee's names, with the functions that it has for each. Beside them there is `tps`, without a function. */
export const STATS_METRICS: Readonly<Record<string, StatsMetric>> = {
  message_count: { metric: "messages", aggregates: SUM },
  is_error: { metric: "errors", aggregates: SUM },
  error_count: { metric: "errors", aggregates: SUM },
  target_error: { metric: "targetErrors", aggregates: SUM },
  policy_error: { metric: "faults", aggregates: SUM },
  total_response_time: { metric: "durationMs", aggregates: ALL },
  target_response_time: { metric: "targetMs", aggregates: ALL },
  request_size: { metric: "requestBytes", aggregates: ALL },
  response_size: { metric: "responseBytes", aggregates: ALL },
};

/** What stands for a value where events have none. */
export const NOT_SET = "(not set)";

/** A value of the store as it goes over the wire. */
export function shownStatsValue({ words }: StatsDimension, value: string | undefined): string {
  if (value === undefined) return NOT_SET;
  return words === undefined ? value : (words.all[Number(value) - words.first] ?? value);
}
