import type { Resolution } from "wherefrom";
import type { ExchangeRecord } from "../record/exchange-record.ts";
import { createClock } from "./clock.ts";
import { formatMs } from "./duration.ts";
import type { LogEntry } from "./log-entry.ts";

/**
 * Writes entries as JSON, one object a line. What is not known is left out, but for `client`: that is `null` when the request has no address.
 *
 * By hand, as its fields are few and fixed: a general serializer costs a request ten times as much. Texts of clients are printable by now and hold no
 * quote; the rest are names of ours, addresses in canonical text, and names of routes, which have neither quote nor backslash. Few long pieces, as a line is
 * copied together from all of them: what is nearly always as in the line before is kept as one.
 */
export function jsonWriter(gateway: string, write: (line: string) => void): (entry: LogEntry) => void {
  const start = `{"event":"request","gateway":"${escaped(gateway)}","time":"`;
  const clock = createClock((iso) => start + iso.slice(0, -"000Z".length));
  const fields: KeptFields = { judgement: keepJudgement(), way: keepWay() };
  return (entry) =>
    write(`${clock(entry.timeMs)}${milliseconds(entry.timeMs)}Z"${clientFields(entry, fields)}${exchangeFields(entry, fields)}}\n`);
}

function milliseconds(timeMs: number): string {
  return String(Math.floor(timeMs) % 1_000).padStart(3, "0");
}

type KeptFields = { readonly judgement: (resolution: Resolution) => string; readonly way: (entry: LogEntry) => string };

type Way = Pick<ExchangeRecord, "route" | "target" | "attempts" | "revision">;

/** How an address is known; the text is kept for the next one that is known alike. */
function keepJudgement(): KeptFields["judgement"] {
  let last: Resolution | undefined;
  let text = "";
  return (resolution) => {
    const { trust, outcome, reason, algorithm } = resolution;
    if (last?.trust === trust && last.outcome === outcome && last.reason === reason && last.algorithm === algorithm) return text;
    last = resolution;
    text = `,"trust":"${trust}","outcome":"${outcome}"${reason === undefined ? "" : `,"reason":"${reason}"`},"algorithm":"${escaped(algorithm)}"`;
    return text;
  };
}

/** Which way an exchange took; the text is kept for the next one that takes it. */
function keepWay(): KeptFields["way"] {
  let last: Way | undefined;
  let text = "";
  return ({ record: { route, attempts, revision }, target }) => {
    if (last?.target === target && last?.route === route && last?.attempts === attempts && last?.revision === revision) return text;
    last = { route, target, attempts, revision };
    const sent = target === undefined ? "" : `,"target":"${escaped(target)}","attempts":${attempts}`;
    text = `${route === undefined ? "" : `,"route":"${route}"`}${sent},"revision":${revision}`;
    return text;
  };
}

/** Who it is from, and how that is known. */
function clientFields({ record: { resolution, signedHop, securityAction, decision }, peer }: LogEntry, { judgement }: KeptFields): string {
  return (
    `${resolution === undefined ? ',"client":null' : `${addressFields(resolution)}${judgement(resolution)}${keyField(resolution)}`}` +
    `${signedHop === undefined ? "" : `,"signedHop":"${signedHop}"`}` +
    `${securityAction === undefined ? "" : `,"securityAction":"${securityAction.name}"`}` +
    `${decision === undefined ? "" : `,"decision":"${decision}"`}${peer === undefined ? "" : `,"peer":"${escaped(peer)}"`}`
  );
}

function addressFields({ ip, port }: Resolution): string {
  return `,"client":${ip === null ? "null" : `"${ip}"`}${port === undefined ? "" : `,"clientPort":${port}`}`;
}

function keyField({ key }: Resolution): string {
  return key === null ? "" : `,"key":"${key}"`;
}

/** What was asked for, and what became of it. */
function exchangeFields(entry: LogEntry, { way }: KeptFields): string {
  const { record, method, path, host, userAgent, referrer } = entry;
  const { httpVersion, status, fault, isComplete, requestBytes, responseBytes, durationMs } = record;
  return (
    `,"method":"${escaped(method)}"${host === undefined ? "" : `,"host":"${escaped(host)}"`},"path":"${escaped(path)}","httpVersion":"${httpVersion}"` +
    `${status === undefined ? "" : `,"status":${status}`}${fault === undefined ? "" : `,"fault":"${fault}"`},"isComplete":${isComplete}` +
    `,"requestBytes":${requestBytes},"responseBytes":${responseBytes},"durationMs":${formatMs(durationMs)}${way(entry)}` +
    `${userAgent === undefined ? "" : `,"userAgent":"${escaped(userAgent)}"`}${referrer === undefined ? "" : `,"referrer":"${escaped(referrer)}"`}`
  );
}

/** Printable ASCII without a quote, as it stands in a JSON string. */
function escaped(text: string): string {
  return text.includes("\\") ? text.replaceAll("\\", "\\\\") : text;
}
