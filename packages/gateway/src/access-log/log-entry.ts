import type { ExchangeRecord } from "../record/exchange-record.ts";
import { maxFieldLength, maxTargetLength, printable, printableField, printableOptional } from "./printable.ts";

/** What one line says of one exchange. Every text that a client could choose has been made printable. */
export type LogEntry = {
  readonly record: ExchangeRecord;
  /** When the exchange began: milliseconds since 1970. */
  readonly timeMs: number;
  readonly method: string;
  /** Path and query as sent, also of a request that was refused for its form. */
  readonly path: string;
  readonly target: string | undefined;
  readonly peer: string | undefined;
  readonly host: string | undefined;
  readonly userAgent: string | undefined;
  readonly referrer: string | undefined;
};

/** Makes an entry of a record that was handed out at `nowMs`. */
export function logEntry(record: ExchangeRecord, nowMs: number): LogEntry {
  const { peer, host, target, method, pathAndQuery, requestTarget, fields } = record;
  return {
    record,
    timeMs: nowMs - record.durationMs,
    method: printable(method, maxFieldLength),
    path: printable(pathAndQuery ?? requestTarget, maxTargetLength),
    target: printableOptional(target),
    peer: printableOptional(peer),
    host: printableOptional(host),
    userAgent: printableField(fields, { name: "user-agent", maxLength: maxFieldLength }),
    referrer: printableField(fields, { name: "referer", maxLength: maxFieldLength }),
  };
}
