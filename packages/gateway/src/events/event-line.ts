import { maxEvidenceChars, type Place } from "@wherefrom/model";
import type { Trust } from "wherefrom";
import { fieldText, maxFieldLength, maxTargetLength, printable, printableJson } from "../access-log/printable.ts";
import { knownNames } from "../forward/known-names.ts";
import { type AsciiWriter, asciiJson } from "../record/ascii-writer.ts";
import type { ExchangeRecord } from "../record/exchange-record.ts";
import { constant, knownConstants, knownPairs } from "../record/known-constants.ts";
import type { EndedExchange } from "../record/record-queue.ts";
import type { CompiledSnapshot } from "../snapshot/compile.ts";

export type EventWriterOptions = {
  /** Printable. */
  readonly gateway: string;
  readonly sampleRate: number;
  /** `undefined` without geo databases. */
  readonly placeOf: ((ip: string) => Place) | undefined;
};

/** No event is longer, in bytes: its texts have at most five bytes a character, its evidence has six, and the rest is of ours. */
export const maxEventBytes = 65_536;

/**
 * Writes an event as a line of JSON, in ASCII. Every text that a client could choose is cut and made printable, but for the evidence: that is whole, or not
 * there. What control can tell from the evidence is left out.
 *
 * By hand, as its fields are few and fixed: a general serializer costs a request more than all else that is recorded of it.
 */
export function eventWriter({ gateway, sampleRate, placeOf }: EventWriterOptions): (ended: EndedExchange, line: AsciiWriter) => void {
  const common = { gateway, ...(sampleRate < 1 && { sampleRate }) };
  let of: SnapshotFields | undefined;
  return ({ record, snapshot, beganAtMs }, line) => {
    if (of?.snapshot !== snapshot) of = fieldsOfSnapshot(snapshot, common);
    const given = { record, of };
    writeExchange(line, given);
    line.constant(TIME);
    line.integer(Math.max(0, Math.floor(beganAtMs)));
    writeHeaders(line, given);
    if (record.resolution !== undefined) writeResolution(line, given);
    if (placeOf !== undefined && record.resolution?.ip) writePlace(line, placeOf(record.resolution.ip));
    line.text("}\n");
  };
}

type SnapshotFields = {
  readonly snapshot: CompiledSnapshot;
  /** How a line begins, by route and target and then by method, up to the quote of its path. The first two are few, as it is the operator who chooses them. */
  readonly start: (route: string | undefined, target: string | undefined) => (method: string) => Uint8Array;
  /** The resolution but for its address, up to the quote of that where there is one. They are few, too. */
  readonly how: (algorithm: string, outcome: string) => HowResolved;
  readonly useOf: UseOf;
};

type Given = { readonly record: ExchangeRecord; readonly of: SnapshotFields };

/** By trust. */
type HowResolved = { readonly verified: Uint8Array; readonly unverified: Uint8Array };

/** What is the same for all exchanges by one snapshot, or for many of them. */
function fieldsOfSnapshot(snapshot: CompiledSnapshot, common: object): SnapshotFields {
  const { organization, environment, revision, keepsEvidence } = snapshot;
  const fields = JSON.stringify({ organization, environment, revision, ...common });
  return {
    snapshot,
    start: knownPairs((route: string | undefined, target: string | undefined) => {
      const way = `${route === undefined ? "" : `,"api":"${route}"`}${target === undefined ? "" : `,"target":"${printableJson(target, maxFieldLength)}"`}`;
      return knownConstants(
        (method: string) => `${fields.slice(0, -1)}${way},"method":"${printableJson(method, maxFieldLength)}","path":"`,
      );
    }),
    how: knownPairs((algorithm: string, outcome: string) => ({
      verified: constant(howField(algorithm, { outcome, trust: "verified" })),
      unverified: constant(howField(algorithm, { outcome, trust: "unverified" })),
    })),
    useOf: knownNames((name) => {
      const evidence = keepsEvidence(name) ? constant(`[${asciiJson(name)},"`) : undefined;
      const isUserAgent = name === USER_AGENT;
      return evidence !== undefined || isUserAgent ? { nameLength: name.length, isUserAgent, evidence } : null;
    }),
  };
}

function howField(algorithm: string, { outcome, trust }: { readonly outcome: string; readonly trust: Trust }): string {
  const address = outcome === "rejected" ? "" : ',"resolvedIp":"';
  return `,"algorithm":"${printableJson(algorithm, maxFieldLength)}","trust":"${trust}","outcome":"${outcome}"${address}`;
}

/** What an event does with the lines of a header; `null` for nothing. `evidence`: how such a line begins there. */
type HeaderUse = { readonly nameLength: number; readonly isUserAgent: boolean; readonly evidence: Uint8Array | undefined };
type UseOf = (spelling: string) => HeaderUse | null;

const USER_AGENT = "user-agent";

const TIME = constant(',"time":');
const TARGET_MS = constant(',"targetMs":');
const REQUEST_BYTES = constant(',"requestBytes":');
const NO_REQUEST_BYTES = constant(',"requestBytes":0,"responseBytes":');
const RESPONSE_BYTES = constant(',"responseBytes":');
const NO_PEER = constant(',"evidence":{"fields":[');

const complete = knownConstants((status: number) => `,"status":${status},"isComplete":true,"durationMs":`);
const incomplete = knownConstants((status: number) => `,"status":${status},"isComplete":false,"durationMs":`);
const WITHOUT_STATUS = constant(',"isComplete":false,"durationMs":');
const userAgents = knownConstants((text: string) => `,"userAgent":"${printableJson(text, maxTargetLength)}"`);
const evidenceFrom = knownConstants((peer: string) => `,"evidence":{"peer":"${printableJson(peer, maxFieldLength)}","fields":[`);

function writeExchange(line: AsciiWriter, { record, of }: Given): void {
  const { route, target, decision, status, fault, targetMs, isComplete } = record;
  line.constant(of.start(route, target)(record.method));
  writePath(line, record.pathAndQuery ?? record.requestTarget);
  if (decision !== undefined) line.text(`,"decision":"${decision}"`);
  if (fault !== undefined) line.text(`,"fault":"${fault}"`);
  if (status === undefined) line.constant(WITHOUT_STATUS);
  else line.constant(isComplete ? complete(status) : incomplete(status));
  line.thousandths(record.durationMs);
  if (targetMs !== undefined) {
    line.constant(TARGET_MS);
    line.thousandths(targetMs);
  }
  if (record.requestBytes === 0) line.constant(NO_REQUEST_BYTES);
  else {
    line.constant(REQUEST_BYTES);
    line.integer(record.requestBytes);
    line.constant(RESPONSE_BYTES);
  }
  line.integer(record.responseBytes);
}

/** Behind the quote that begins it. A query may hold what nobody should keep. */
function writePath(line: AsciiWriter, asked: string): void {
  const query = asked.indexOf("?");
  line.printable(asked, { maxLength: maxTargetLength, end: query === -1 ? asked.length : query });
  line.text('"');
}

/** The user agent, and what was known before trust; where that is too much, what control would tell from it. */
function writeHeaders(line: AsciiWriter, { record, of }: Given): void {
  const { fields, peer, resolution } = record;
  const start = line.at;
  let userAgent: string | undefined;
  let chars = 0;
  line.constant(peer === undefined ? NO_PEER : evidenceFrom(peer));
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const use = of.useOf(fields[index] as string);
    if (use === null) continue;
    const value = fields[index + 1] as string;
    if (use.isUserAgent) userAgent = userAgent === undefined ? value : `${userAgent}, ${value}`;
    if (use.evidence === undefined) continue;
    const isFirst = chars === 0;
    chars += use.nameLength + value.length;
    if (chars > maxEvidenceChars) continue;
    if (!isFirst) line.text(",");
    line.constant(use.evidence);
    line.exact(value);
    line.text('"]');
  }
  line.text("]}");
  const isWhole = resolution !== undefined && chars <= maxEvidenceChars;
  if (!isWhole) {
    line.at = start;
    writeInsteadOfEvidence(line, record);
  }
  if (userAgent !== undefined) line.constant(userAgents(userAgent));
}

function writeInsteadOfEvidence(line: AsciiWriter, { fields, flowVariable }: ExchangeRecord): void {
  const headerText = (name: string, maxLength = maxTargetLength): string | undefined => {
    const text = fieldText(fields, name);
    return text === undefined ? undefined : printable(text, maxLength);
  };
  const told = {
    clientIp: flowVariable("client.ip"),
    proxyClientIp: flowVariable("proxy.client.ip"),
    trueClientIp: headerText("true-client-ip"),
    xForwardedFor: headerText("x-forwarded-for"),
    xForwardedProto: headerText("x-forwarded-proto", maxFieldLength),
  };
  const json = JSON.stringify(told);
  if (json !== "{}") line.text(`,${json.slice(1, -1)}`);
}

function writeResolution(line: AsciiWriter, { record: { resolution, securityAction, observedAction }, of }: Given): void {
  if (resolution === undefined) return;
  const { ip, trust, outcome, reason, algorithm } = resolution;
  line.constant(of.how(algorithm, outcome)[trust]);
  // There is none exactly when the outcome is `rejected`.
  if (ip !== null) {
    line.text(ip);
    line.text('"');
  }
  if (reason !== undefined) line.text(`,"reason":"${reason}"`);
  if (securityAction !== undefined) line.text(`,"securityAction":"${securityAction.name}"`);
  if (observedAction !== undefined) line.text(`,"observedAction":"${observedAction.name}"`);
}

function writePlace(line: AsciiWriter, { region, asn }: Place): void {
  if (region !== undefined) line.text(`,"country":"${printableJson(region, maxFieldLength)}"`);
  if (asn !== undefined) line.text(`,"asn":"${asn}"`);
}
