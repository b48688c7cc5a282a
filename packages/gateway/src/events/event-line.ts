import type { Place } from "@wherefrom/model";
import { maxEvidenceChars } from "@wherefrom/model";
import { formatMs } from "../access-log/duration.ts";
import { maxFieldLength, maxTargetLength, printable } from "../access-log/printable.ts";
import { knownNames } from "../forward/known-names.ts";
import type { ExchangeRecord } from "../record/exchange-record.ts";
import type { CompiledSnapshot } from "../snapshot/compile.ts";

/** An exchange that is over, as it waits to be made an event. */
export type EndedExchange = { readonly record: ExchangeRecord; readonly snapshot: CompiledSnapshot; readonly endedAtMs: number };

export type EventWriterOptions = {
  /** Printable. */
  readonly gateway: string;
  readonly sampleRate: number;
  /** `undefined` without geo databases. */
  readonly placeOf: ((ip: string) => Place) | undefined;
};

/**
 * Makes events lines of JSON, in ASCII. Every text that a client could choose is cut and made printable, but for the evidence: that is whole, or not there.
 *
 * By hand, as its fields are few and fixed: a general serializer costs a request more than all else that is recorded of it.
 */
export function eventWriter({ gateway, sampleRate, placeOf }: EventWriterOptions): (ended: EndedExchange) => string {
  const common = `"gateway":"${escaped(gateway)}"${sampleRate < 1 ? `,"sampleRate":${sampleRate}` : ""}`;
  let of: SnapshotFields | undefined;
  return ({ record, snapshot, endedAtMs }) => {
    if (of?.snapshot !== snapshot) of = fieldsOfSnapshot(snapshot, common);
    const { resolution, peer, fields } = record;
    const place = placeOf === undefined || !resolution?.ip ? "" : placeFields(placeOf(resolution.ip));
    const headers = readHeaders(fields, of.useOf);
    return (
      `{"time":${Math.max(0, Math.floor(endedAtMs - record.durationMs))}${of.start}${exchangeFields(record)}${clientFields(record)}${place}` +
      `${headerFields(headers)}${resolution === undefined ? "" : evidenceField(headers, peer)}}\n`
    );
  };
}

type SnapshotFields = { readonly snapshot: CompiledSnapshot; readonly start: string; readonly useOf: UseOf };

/** What is the same for all exchanges by one snapshot. */
function fieldsOfSnapshot(snapshot: CompiledSnapshot, common: string): SnapshotFields {
  const { organization, environment, revision, keepsEvidence } = snapshot;
  return {
    snapshot,
    start: `,"organization":"${organization}","environment":"${environment}","revision":${revision},${common}`,
    useOf: knownNames((name) => {
      const evidence = keepsEvidence(name) ? `[${jsonText(name)},` : undefined;
      return evidence === undefined && !SHOWN.has(name) ? null : { name, evidence };
    }),
  };
}

/** What an event does with the lines of a header. `evidence`: how such a line begins there. */
type HeaderUse = { readonly name: string; readonly evidence: string | undefined };
type UseOf = (spelling: string) => HeaderUse | null;

const SHOWN: ReadonlySet<string> = new Set(["user-agent", "x-forwarded-for", "x-forwarded-proto", "true-client-ip"]);

type Headers = {
  userAgent: string | undefined;
  xForwardedFor: string | undefined;
  xForwardedProto: string | undefined;
  trueClientIp: string | undefined;
  evidence: string;
  evidenceChars: number;
};

function readHeaders(fields: readonly string[], useOf: UseOf): Headers {
  const headers: Headers = {
    userAgent: undefined,
    xForwardedFor: undefined,
    xForwardedProto: undefined,
    trueClientIp: undefined,
    evidence: "",
    evidenceChars: 0,
  };
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const use = useOf(fields[index] as string);
    if (use !== null) readLine(headers, use, fields[index + 1] as string);
  }
  return headers;
}

function readLine(headers: Headers, { name, evidence }: HeaderUse, value: string): void {
  if (name === "user-agent") headers.userAgent = joined(headers.userAgent, value);
  else if (name === "x-forwarded-for") headers.xForwardedFor = joined(headers.xForwardedFor, value);
  else if (name === "x-forwarded-proto") headers.xForwardedProto = joined(headers.xForwardedProto, value);
  else if (name === "true-client-ip") headers.trueClientIp = joined(headers.trueClientIp, value);
  if (evidence === undefined) return;
  headers.evidenceChars += name.length + value.length;
  if (headers.evidenceChars <= maxEvidenceChars) headers.evidence += `${headers.evidence === "" ? "" : ","}${evidence}${jsonText(value)}]`;
}

function joined(before: string | undefined, line: string): string {
  return before === undefined ? line : `${before}, ${line}`;
}

function exchangeFields(record: ExchangeRecord): string {
  const { route, target, decision, status, fault, isComplete, durationMs, targetMs, requestBytes, responseBytes } = record;
  return (
    `${route === undefined ? "" : `,"api":"${route}"`}${target === undefined ? "" : `,"target":"${text(target, maxFieldLength)}"`}` +
    `${decision === undefined ? "" : `,"decision":"${decision}"`},"method":"${text(record.method, maxFieldLength)}"` +
    `,"path":"${text(pathOf(record.pathAndQuery ?? record.requestTarget), maxTargetLength)}"${status === undefined ? "" : `,"status":${status}`}` +
    `${fault === undefined ? "" : `,"fault":"${fault}"`},"isComplete":${isComplete},"durationMs":${formatMs(durationMs)}` +
    `${targetMs === undefined ? "" : `,"targetMs":${formatMs(targetMs)}`},"requestBytes":${requestBytes},"responseBytes":${responseBytes}`
  );
}

function clientFields({ resolution, securityAction, flowVariable }: ExchangeRecord): string {
  if (resolution === undefined) return "";
  const { ip, trust, outcome, reason, algorithm } = resolution;
  const clientIp = flowVariable("client.ip");
  const proxyClientIp = flowVariable("proxy.client.ip");
  return (
    `${ip === null ? "" : `,"resolvedIp":"${ip}"`},"trust":"${trust}","outcome":"${outcome}"${reason === undefined ? "" : `,"reason":"${reason}"`}` +
    `,"algorithm":"${text(algorithm, maxFieldLength)}"${clientIp === undefined ? "" : `,"clientIp":"${clientIp}"`}` +
    `${proxyClientIp === undefined ? "" : `,"proxyClientIp":"${proxyClientIp}"`}` +
    `${securityAction === undefined ? "" : `,"securityAction":"${securityAction.name}"`}`
  );
}

function placeFields({ region, asn }: Place): string {
  return `${region === undefined ? "" : `,"country":"${text(region, maxFieldLength)}"`}${asn === undefined ? "" : `,"asn":"${asn}"`}`;
}

function headerFields({ trueClientIp, xForwardedFor, xForwardedProto, userAgent }: Headers): string {
  return (
    `${trueClientIp === undefined ? "" : `,"trueClientIp":"${text(trueClientIp, maxTargetLength)}"`}` +
    `${xForwardedFor === undefined ? "" : `,"xForwardedFor":"${text(xForwardedFor, maxTargetLength)}"`}` +
    `${xForwardedProto === undefined ? "" : `,"xForwardedProto":"${text(xForwardedProto, maxFieldLength)}"`}` +
    `${userAgent === undefined ? "" : `,"userAgent":"${text(userAgent, maxTargetLength)}"`}`
  );
}

function evidenceField({ evidence, evidenceChars }: Headers, peer: string | undefined): string {
  if (evidenceChars > maxEvidenceChars) return "";
  return `,"evidence":{${peer === undefined ? "" : `"peer":${jsonText(printable(peer, maxFieldLength))},`}"fields":[${evidence}]}`;
}

/** A query may hold what nobody should keep. */
function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}

/** Made printable, and as it then stands in a JSON string. */
function text(given: string, maxLength: number): string {
  return escaped(printable(given, maxLength));
}

/** Printable ASCII without a quote, as it stands in a JSON string. */
function escaped(printed: string): string {
  return printed.includes("\\") ? printed.replaceAll("\\", "\\\\") : printed;
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A JSON string in ASCII that reads as exactly this text. */
function jsonText(exact: string): string {
  if (PLAIN.test(exact)) return `"${exact}"`;
  return JSON.stringify(exact).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
