import { pino } from "pino";
import type { LogEntry } from "./log-entry.ts";

/**
 * Writes entries as JSON, one object a line. What is not known is left out, but for `client`: that is `null` when the request has no address.
 *
 * Not a log of messages: a line has `"event":"request"` where pino has its level.
 */
export function jsonWriter(gateway: string, write: (line: string) => void): (entry: LogEntry) => void {
  const options = { base: { gateway }, timestamp: false, formatters: { level: () => ({ event: "request" }) } };
  const logger = pino(options, { write });
  return (entry) => logger.info(fieldsOf(entry));
}

function fieldsOf({ record, timeMs, target, peer, host, userAgent, referrer }: LogEntry): object {
  const { resolution } = record;
  return {
    time: new Date(timeMs).toISOString(),
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
