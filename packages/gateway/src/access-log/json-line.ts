import type { Resolution } from "wherefrom";
import { createClock } from "./clock.ts";
import type { LogEntry } from "./log-entry.ts";

/**
 * Writes entries as JSON, one object a line. What is not known is left out, but for `client`: that is `null` when the request has no address.
 *
 * By hand, as its fields are few and fixed: a general serializer costs a request ten times as much. Texts of clients are printable by now and hold no
 * quote; the rest are names of ours, addresses in canonical text, and names of routes, which have neither quote nor backslash. Few long pieces, as a line is
 * copied together from all of them.
 */
export function jsonWriter(gateway: string, write: (line: string) => void): (entry: LogEntry) => void {
  const start = `{"event":"request","gateway":"${escaped(gateway)}","time":"`;
  const clock = createClock((iso) => start + iso.slice(0, -"000Z".length));
  return (entry) => write(`${clock(entry.timeMs)}${milliseconds(entry.timeMs)}Z"${clientFields(entry)}${exchangeFields(entry)}}\n`);
}

function milliseconds(timeMs: number): string {
  return String(Math.floor(timeMs) % 1_000).padStart(3, "0");
}

/** Who it is from, and how that is known. */
function clientFields({ record: { resolution, signedHop, securityAction, decision }, peer }: LogEntry): string {
  return (
    `${resolution === undefined ? ',"client":null' : resolutionFields(resolution)}` +
    `${signedHop === undefined ? "" : `,"signedHop":"${signedHop}"`}` +
    `${securityAction === undefined ? "" : `,"securityAction":"${securityAction.name}"`}` +
    `${decision === undefined ? "" : `,"decision":"${decision}"`}${peer === undefined ? "" : `,"peer":"${escaped(peer)}"`}`
  );
}

function resolutionFields({ ip, port, trust, outcome, reason, algorithm, key }: Resolution): string {
  return (
    `,"client":${ip === null ? "null" : `"${ip}"`}${port === undefined ? "" : `,"clientPort":${port}`},"trust":"${trust}","outcome":"${outcome}"` +
    `${reason === undefined ? "" : `,"reason":"${reason}"`},"algorithm":"${escaped(algorithm)}"${key === null ? "" : `,"key":"${key}"`}`
  );
}

/** What was asked for, and what became of it. */
function exchangeFields({ record, method, path, target, host, userAgent, referrer }: LogEntry): string {
  const { httpVersion, status, fault, isComplete, requestBytes, responseBytes, durationMs, route, attempts, revision } = record;
  return (
    `,"method":"${escaped(method)}"${host === undefined ? "" : `,"host":"${escaped(host)}"`},"path":"${escaped(path)}","httpVersion":"${httpVersion}"` +
    `${status === undefined ? "" : `,"status":${status}`}${fault === undefined ? "" : `,"fault":"${fault}"`},"isComplete":${isComplete}` +
    `,"requestBytes":${requestBytes},"responseBytes":${responseBytes},"durationMs":${roundMs(durationMs)}` +
    `${route === undefined ? "" : `,"route":"${route}"`}${target === undefined ? "" : `,"target":"${escaped(target)}","attempts":${attempts}`}` +
    `,"revision":${revision}${userAgent === undefined ? "" : `,"userAgent":"${escaped(userAgent)}"`}` +
    `${referrer === undefined ? "" : `,"referrer":"${escaped(referrer)}"`}`
  );
}

/** Printable ASCII without a quote, as it stands in a JSON string. */
function escaped(text: string): string {
  return text.includes("\\") ? text.replaceAll("\\", "\\\\") : text;
}

/** To the microsecond: the clock knows no more. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
