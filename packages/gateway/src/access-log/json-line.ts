import { pino } from "pino";
import { createClock } from "./clock.ts";
import type { LogEntry } from "./log-entry.ts";

/**
 * Writes entries as JSON, one object a line. What is not known is left out, but for `client`: that is `null` when the request has no address.
 *
 * Not a log of messages: a line has `"event":"request"` where pino has its level.
 */
export function jsonWriter(gateway: string, write: (line: string) => void): (entry: LogEntry) => void {
  const options = { base: { gateway }, timestamp: false, formatters: { level: () => ({ event: "request" }) } };
  const logger = pino(options, { write });
  const clock = createClock((iso) => iso.slice(0, -"000Z".length));
  return (entry) => logger.info(fieldsOf(entry, `${clock(entry.timeMs)}${milliseconds(entry.timeMs)}Z`));
}

function milliseconds(timeMs: number): string {
  return String(Math.floor(timeMs) % 1_000).padStart(3, "0");
}

function fieldsOf({ record, target, peer, host, userAgent, referrer }: LogEntry, time: string): object {
  const { resolution } = record;
  return {
    time,
    client: resolution?.ip ?? null,
    clientPort: resolution?.port,
    trust: resolution?.trust,
    outcome: resolution?.outcome,
    reason: resolution?.reason,
    algorithm: resolution?.algorithm,
    key: resolution?.key ?? undefined,
    signedHop: record.signedHop,
    decision: record.decision,
    peer,
    method: record.method,
    host,
    path: target,
    httpVersion: record.httpVersion,
    status: record.status,
    fault: record.fault,
    isComplete: record.isComplete,
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    durationMs: roundMs(record.durationMs),
    route: record.route,
    revision: record.revision,
    userAgent,
    referrer,
  };
}

/** To the microsecond: the clock knows no more. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
