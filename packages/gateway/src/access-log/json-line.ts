import { createClock } from "./clock.ts";
import type { LogEntry } from "./log-entry.ts";

/**
 * Writes entries as JSON, one object a line. What is not known is left out, but for `client`: that is `null` when the request has no address.
 *
 * By hand, as its fields are few and fixed: a general serializer costs a request ten times as much. Texts of clients are printable by now and hold no
 * quote; the rest are names of ours, addresses in canonical text, and names of routes, which have neither quote nor backslash.
 */
export function jsonWriter(gateway: string, write: (line: string) => void): (entry: LogEntry) => void {
  const start = `{"event":"request","gateway":${JSON.stringify(gateway)},"time":"`;
  const clock = createClock((iso) => start + iso.slice(0, -"000Z".length));
  return (entry) => write(`${clock(entry.timeMs)}${milliseconds(entry.timeMs)}Z"${clientFields(entry)}${exchangeFields(entry)}}\n`);
}

function milliseconds(timeMs: number): string {
  return String(Math.floor(timeMs) % 1_000).padStart(3, "0");
}

/** Who it is from, and how that is known. */
function clientFields({ record: { resolution, signedHop, securityAction, decision }, peer }: LogEntry): string {
  const rest =
    name("signedHop", signedHop) + name("securityAction", securityAction?.name) + name("decision", decision) + text("peer", peer);
  if (resolution === undefined) return `,"client":null${rest}`;
  const { ip, port, trust, outcome, reason, algorithm, key } = resolution;
  return (
    `,"client":${ip === null ? "null" : `"${ip}"`}${port === undefined ? "" : `,"clientPort":${port}`},"trust":"${trust}","outcome":"${outcome}"` +
    `${name("reason", reason)}${text("algorithm", algorithm)}${name("key", key ?? undefined)}${rest}`
  );
}

/** What was asked for, and what became of it. */
function exchangeFields({ record, method, path, target, host, userAgent, referrer }: LogEntry): string {
  const { httpVersion, status, fault, isComplete, requestBytes, responseBytes, durationMs, route, attempts, revision } = record;
  return (
    `${text("method", method)}${text("host", host)}${text("path", path)},"httpVersion":"${httpVersion}"` +
    `${status === undefined ? "" : `,"status":${status}`}${name("fault", fault)},"isComplete":${isComplete}` +
    `,"requestBytes":${requestBytes},"responseBytes":${responseBytes},"durationMs":${roundMs(durationMs)}` +
    `${name("route", route)}${text("target", target)}${target === undefined ? "" : `,"attempts":${attempts}`},"revision":${revision}${text("userAgent", userAgent)}${text("referrer", referrer)}`
  );
}

/** A field whose value is never anything but letters, digits and a few harmless signs. */
function name(field: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${field}":"${value}"`;
}

/** A field whose value is printable ASCII without a quote. */
function text(field: string, value: string | undefined): string {
  if (value === undefined) return "";
  return `,"${field}":${value.includes("\\") ? JSON.stringify(value) : `"${value}"`}`;
}

/** To the microsecond: the clock knows no more. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
