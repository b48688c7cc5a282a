import { fieldLines } from "../accept/field-lines.ts";
import type { ExchangeRecord } from "../record/exchange-record.ts";
import { maxFieldLength, maxTargetLength, printable } from "./printable.ts";

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
    target: optional(target),
    peer: optional(peer),
    host: optional(host),
    userAgent: headerText(fields, "user-agent"),
    referrer: headerText(fields, "referer"),
  };
}

function optional(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text, maxFieldLength);
}

/** The lines of a field as one text; nobody decides by it. */
function headerText(fields: readonly string[], name: string): string | undefined {
  const lines = fieldLines(fields, name);
  return lines.length === 0 ? undefined : printable(lines.join(", "), maxFieldLength);
}
