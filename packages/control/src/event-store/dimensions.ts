/** What kind of values a dimension has: it says how they are compared, and with what. */
export type DimensionKind = "text" | "number" | "address";

/** What events can be grouped and filtered by. Each is a column, but for those of time, which are of UTC. */
export const DIMENSIONS = {
  organization: "text",
  environment: "text",
  gateway: "text",
  revision: "number",
  api: "text",
  target: "text",
  decision: "text",
  method: "text",
  path: "text",
  status: "number",
  fault: "text",
  resolved_ip: "address",
  trust: "text",
  outcome: "text",
  reason: "text",
  algorithm: "text",
  country: "text",
  asn: "text",
  client_ip: "address",
  proxy_client_ip: "address",
  true_client_ip: "text",
  x_forwarded_for: "text",
  x_forwarded_proto: "text",
  security_action: "text",
  observed_action: "text",
  user_agent: "text",
  /** What the event has of it, as JSON. */
  evidence: "text",
  /** 0 to 23. */
  hour_of_day: "number",
  /** 0 is Monday. */
  day_of_week: "number",
  /** 1 to 12. */
  month_of_year: "number",
} as const satisfies Readonly<Record<string, DimensionKind>>;

export type Dimension = keyof typeof DIMENSIONS;

/** Those that may have nearly as many values as there are events. */
export const MANY_VALUED: ReadonlySet<Dimension> = new Set([
  "path",
  "resolved_ip",
  "asn",
  "client_ip",
  "proxy_client_ip",
  "true_client_ip",
  "x_forwarded_for",
  "user_agent",
  "evidence",
]);

/**
 * What can be counted over events, as SQL over one of them; NULL where an event has no such number. An error is an answer of 400 or above, a fault of
 * the gateway's, or no answer at all; of the target's own when the gateway passed 500 or above on.
 */
export const METRICS = {
  messages: "1",
  errors: "CASE WHEN status < 400 AND fault IS NULL THEN 0 ELSE 1 END",
  targetErrors: "CASE WHEN status >= 500 AND fault IS NULL THEN 1 ELSE 0 END",
  faults: "CASE WHEN fault IS NULL THEN 0 ELSE 1 END",
  durationMs: "duration_ms",
  targetMs: "target_ms",
  requestBytes: "request_bytes",
  responseBytes: "response_bytes",
} as const;

export type Metric = keyof typeof METRICS;

export type Aggregate = "sum" | "avg" | "min" | "max";

/** A number over the events of a group. An event that stands for others that were not sampled counts for all of them. */
export type Measure = { readonly metric: Metric; readonly aggregate: Aggregate };
