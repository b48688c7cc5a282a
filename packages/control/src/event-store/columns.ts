import type { TrafficEvent } from "@wherefrom/model";
import { ADDRESS_FORMS, type AddressKeeper } from "./address-keeper.ts";

/** How a value is kept: `count` as a whole number of 64 bits, `address` as 16 bytes, `addresses` as a list of them. */
export type ColumnType = "text" | "count" | "number" | "flag" | "address" | "addresses";

/** What stands for an address is for whoever makes the keeper to say. */
export type ColumnValue = string | number | bigint | boolean | readonly Kept[] | undefined;

type Kept = bigint | number;

/** One column of the table of events. Its name is the event's field, as SQL spells names. */
export type Column = {
  readonly name: string;
  readonly type: ColumnType;
  readonly read: (event: TrafficEvent, keeper: AddressKeeper<Kept>) => ColumnValue;
};

/** Those that tables of an earlier version do not have, in the order in which they came: new ones stand last. */
export const ADDED_COLUMNS: readonly Column[] = [{ name: "observed_action", type: "text", read: ({ observedAction }) => observedAction }];

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
  { name: "resolved_ip", type: "address", read: ({ resolvedIp }, keeper) => keeper.address(resolvedIp) },
  { name: "trust", type: "text", read: ({ trust }) => trust },
  { name: "outcome", type: "text", read: ({ outcome }) => outcome },
  { name: "reason", type: "text", read: ({ reason }) => reason },
  { name: "algorithm", type: "text", read: ({ algorithm }) => algorithm },
  { name: "country", type: "text", read: ({ country }) => country },
  { name: "asn", type: "text", read: ({ asn }) => asn },
  { name: "client_ip", type: "address", read: ({ clientIp }, keeper) => keeper.address(clientIp) },
  { name: "proxy_client_ip", type: "address", read: ({ proxyClientIp }, keeper) => keeper.address(proxyClientIp) },
  { name: "true_client_ip", type: "text", read: ({ trueClientIp }, keeper) => keeper.field(trueClientIp) },
  { name: "x_forwarded_for", type: "text", read: ({ xForwardedFor }, keeper) => keeper.field(xForwardedFor) },
  { name: "x_forwarded_proto", type: "text", read: ({ xForwardedProto }) => xForwardedProto },
  { name: "security_action", type: "text", read: ({ securityAction }) => securityAction },
  { name: "user_agent", type: "text", read: ({ userAgent }) => userAgent },
  // Evidence without its addresses would be evidence of another request.
  {
    name: "evidence",
    type: "text",
    read: ({ evidence }, { form }) => (form === "plain" ? evidence && JSON.stringify(evidence) : undefined),
  },
  { name: "address_form", type: "count", read: (_event, { form }) => ADDRESS_FORMS.indexOf(form) },
  // Whatever a header may spell, an event is found by the addresses in it.
  { name: "header_addresses", type: "addresses", read: headerAddresses },
  ...ADDED_COLUMNS,
];

function headerAddresses({ trueClientIp = "", xForwardedFor = "", evidence }: TrafficEvent, keeper: AddressKeeper<Kept>): readonly Kept[] {
  const texts = [trueClientIp, xForwardedFor, evidence?.peer ?? ""];
  for (const field of evidence?.fields ?? []) if (field[1] !== xForwardedFor) texts.push(field[1]);
  return keeper.addresses(texts);
}
