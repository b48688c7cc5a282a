import type { TrafficEvent } from "@wherefrom/model";
import { addressesIn, numberOfAddress } from "./stored-address.ts";

/** How a value is kept: `count` as a whole number of 64 bits, `address` as 16 bytes, `addresses` as a list of them. */
export type ColumnType = "text" | "count" | "number" | "flag" | "address" | "addresses";

export type ColumnValue = string | number | bigint | boolean | readonly bigint[] | undefined;

/** One column of the table of events. Its name is the event's field, as SQL spells names. */
export type Column = {
  readonly name: string;
  readonly type: ColumnType;
  readonly read: (event: TrafficEvent) => ColumnValue;
};

const address = (text: string | undefined): bigint | undefined => (text === undefined ? undefined : numberOfAddress(text));

/** What is kept of an event, beside the environment that it belongs to. The names of those that it says itself are not believed. */
export const COLUMNS: readonly Column[] = [
  { name: "time", type: "count", read: ({ time }) => time },
  { name: "gateway", type: "text", read: ({ gateway }) => gateway },
  { name: "revision", type: "count", read: ({ revision }) => revision },
  { name: "sample_rate", type: "number", read: ({ sampleRate }) => sampleRate },
  { name: "api", type: "text", read: ({ api }) => api },
  { name: "target", type: "text", read: ({ target }) => target },
  { name: "decision", type: "text", read: ({ decision }) => decision },
  { name: "method", type: "text", read: ({ method }) => method },
  { name: "path", type: "text", read: ({ path }) => path },
  { name: "status", type: "count", read: ({ status }) => status },
  { name: "fault", type: "text", read: ({ fault }) => fault },
  { name: "is_complete", type: "flag", read: ({ isComplete }) => isComplete },
  { name: "duration_ms", type: "number", read: ({ durationMs }) => durationMs },
  { name: "target_ms", type: "number", read: ({ targetMs }) => targetMs },
  { name: "request_bytes", type: "count", read: ({ requestBytes }) => requestBytes },
  { name: "response_bytes", type: "count", read: ({ responseBytes }) => responseBytes },
  { name: "resolved_ip", type: "address", read: ({ resolvedIp }) => address(resolvedIp) },
  { name: "trust", type: "text", read: ({ trust }) => trust },
  { name: "outcome", type: "text", read: ({ outcome }) => outcome },
  { name: "reason", type: "text", read: ({ reason }) => reason },
  { name: "algorithm", type: "text", read: ({ algorithm }) => algorithm },
  { name: "country", type: "text", read: ({ country }) => country },
  { name: "asn", type: "text", read: ({ asn }) => asn },
  { name: "client_ip", type: "address", read: ({ clientIp }) => address(clientIp) },
  { name: "proxy_client_ip", type: "address", read: ({ proxyClientIp }) => address(proxyClientIp) },
  { name: "true_client_ip", type: "text", read: ({ trueClientIp }) => trueClientIp },
  { name: "x_forwarded_for", type: "text", read: ({ xForwardedFor }) => xForwardedFor },
  { name: "x_forwarded_proto", type: "text", read: ({ xForwardedProto }) => xForwardedProto },
  { name: "security_action", type: "text", read: ({ securityAction }) => securityAction },
  { name: "user_agent", type: "text", read: ({ userAgent }) => userAgent },
  { name: "evidence", type: "text", read: ({ evidence }) => evidence && JSON.stringify(evidence) },
  // Whatever a header may spell, an event is found by the addresses in it.
  { name: "header_addresses", type: "addresses", read: headerAddresses },
];

function headerAddresses({ trueClientIp = "", xForwardedFor = "", evidence }: TrafficEvent): bigint[] {
  const fields = evidence?.fields.map(([, value]) => value) ?? [];
  return addressesIn([trueClientIp, xForwardedFor, evidence?.peer ?? "", ...fields].join(" "));
}

/** What events can be grouped by. */
export const DIMENSIONS = [
  "gateway",
  "revision",
  "api",
  "target",
  "decision",
  "method",
  "path",
  "status",
  "fault",
  "resolved_ip",
  "trust",
  "outcome",
  "reason",
  "algorithm",
  "country",
  "asn",
  "client_ip",
  "proxy_client_ip",
  "true_client_ip",
  "x_forwarded_for",
  "x_forwarded_proto",
  "security_action",
  "user_agent",
] as const;

export type Dimension = (typeof DIMENSIONS)[number];

/**
 * What can be counted over events, as SQL over one of them. An error is an answer of 400 or above, a fault of the gateway's, or no answer at all.
 */
export const METRICS = {
  messages: "1",
  errors: "CASE WHEN status < 400 AND fault IS NULL THEN 0 ELSE 1 END",
  durationMs: "duration_ms",
  targetMs: "target_ms",
  requestBytes: "request_bytes",
  responseBytes: "response_bytes",
} as const;

export type Metric = keyof typeof METRICS;

export const AGGREGATES = ["sum", "avg", "min", "max"] as const;

export type Aggregate = (typeof AGGREGATES)[number];
