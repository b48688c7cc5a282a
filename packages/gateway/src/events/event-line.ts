import type { TrafficEvent } from "@wherefrom/model";
import { roundMs } from "../access-log/json-line.ts";
import { maxFieldLength, maxTargetLength, printable, printableField, printableOptional } from "../access-log/printable.ts";
import type { ExchangeRecord } from "../record/exchange-record.ts";

/** An exchange that is over, as it waits to be made an event: a request pays for no more than this. */
export type EndedExchange = { readonly record: ExchangeRecord; readonly environment: string; readonly endedAtMs: number };

/** One event as a line of JSON. Every text that a client could choose is cut and made printable. */
export function eventLine({ record, environment, endedAtMs }: EndedExchange, gateway: string): string {
  const { resolution, fields } = record;
  const headerText = (name: string) => printableField(fields, { name, maxLength: maxTargetLength });
  const event: TrafficEvent = {
    time: Math.max(0, Math.floor(endedAtMs - record.durationMs)),
    environment,
    gateway,
    revision: record.revision,
    api: record.route,
    decision: record.decision,
    method: printable(record.method, maxFieldLength),
    path: printable(pathOf(record.pathAndQuery ?? record.requestTarget), maxTargetLength),
    status: record.status,
    fault: record.fault,
    isComplete: record.isComplete,
    durationMs: roundMs(record.durationMs),
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    resolvedIp: resolution?.ip ?? undefined,
    trust: resolution?.trust,
    outcome: resolution?.outcome,
    reason: resolution?.reason,
    algorithm: printableOptional(resolution?.algorithm),
    clientIp: record.flowVariable("client.ip"),
    proxyClientIp: record.flowVariable("proxy.client.ip"),
    trueClientIp: headerText("true-client-ip"),
    xForwardedFor: headerText("x-forwarded-for"),
    securityAction: record.securityAction?.name,
    userAgent: headerText("user-agent"),
  };
  return `${JSON.stringify(event)}\n`;
}

/** A query may hold what nobody should keep. */
function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}
