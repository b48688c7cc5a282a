import type { Resolution } from "wherefrom";
import type { AsciiWriter } from "../record/ascii-writer.ts";
import type { ExchangeRecord } from "../record/exchange-record.ts";
import { constant, knownConstants } from "../record/known-constants.ts";
import type { EndedExchange } from "../record/record-queue.ts";
import { createClock } from "./clock.ts";
import { fieldText, maxFieldLength, maxTargetLength, printableJson } from "./printable.ts";

/**
 * Writes exchanges as JSON, one object a line. What is not known is left out, but for `client`: that is `null` when the request has no address. Every text that a client could
 * choose is cut and made printable.
 *
 * By hand, as its fields are few and fixed: a general serializer costs a request ten times as much. The rest are names of ours, addresses in canonical text, and
 * names of routes, which have neither quote nor backslash. What is nearly always as in a line before is kept as one piece of bytes. `gateway` is printable.
 */
export function jsonWriter(gateway: string): (ended: EndedExchange, line: AsciiWriter) => void {
  const start = `{"event":"request","gateway":"${gateway.replaceAll("\\", "\\\\")}","time":"`;
  const clock = createClock((iso) => constant(start + iso.slice(0, -"000Z".length)));
  const kept: KeptPieces = { judgement: keepJudgement(), way: keepWay() };
  return ({ record, beganAtMs }, line) => {
    line.constant(clock(beganAtMs));
    line.digits(Math.floor(beganAtMs) % 1_000, 3);
    line.text('Z"');
    writeClient(line, { record, kept });
    writeExchange(line, { record, kept });
    writeSender(line, record);
    line.text("}\n");
  };
}

type KeptPieces = { readonly judgement: (resolution: Resolution) => Uint8Array; readonly way: (record: Way) => Uint8Array };
type Given = { readonly record: ExchangeRecord; readonly kept: KeptPieces };

type Way = Pick<ExchangeRecord, "route" | "target" | "attempts" | "revision">;

/** How an address is known; the piece is kept for the next one that is known alike. */
function keepJudgement(): KeptPieces["judgement"] {
  let last: Resolution | undefined;
  let piece = constant("");
  return (resolution) => {
    const { trust, outcome, reason, algorithm } = resolution;
    if (last?.trust === trust && last.outcome === outcome && last.reason === reason && last.algorithm === algorithm) return piece;
    last = resolution;
    piece = constant(
      `,"trust":"${trust}","outcome":"${outcome}"${reason === undefined ? "" : `,"reason":"${reason}"`},"algorithm":"${shown(algorithm)}"`,
    );
    return piece;
  };
}

/** Which way an exchange took; the piece is kept for the next one that takes it. */
function keepWay(): KeptPieces["way"] {
  let last: Way | undefined;
  let piece = constant("");
  return ({ route, target, attempts, revision }) => {
    if (last?.target === target && last?.route === route && last?.attempts === attempts && last?.revision === revision) return piece;
    last = { route, target, attempts, revision };
    const sent = target === undefined ? "" : `,"target":"${shown(target)}","attempts":${attempts}`;
    piece = constant(`${route === undefined ? "" : `,"route":"${route}"`}${sent},"revision":${revision}`);
    return piece;
  };
}

const NO_CLIENT = constant(',"client":null');
const CLIENT = constant(',"client":"');
const KEY = constant(',"key":"');
const PATH = constant(',"path":"');
const VERSION = constant('","httpVersion":"');
const RESPONSE_BYTES = constant(',"responseBytes":');
const DURATION_MS = constant(',"durationMs":');

const peers = knownConstants((peer: string) => `,"peer":"${shown(peer)}"`);
const methods = knownConstants((method: string) => `,"method":"${shown(method)}"`);
const hosts = knownConstants((host: string) => `,"host":"${shown(host)}"`);
const complete = knownConstants((status: number) => `,"status":${status},"isComplete":true,"requestBytes":`);
const userAgents = knownConstants((text: string) => `,"userAgent":"${shown(text)}"`);

/** Who it is from, and how that is known. */
function writeClient(line: AsciiWriter, { record, kept }: Given): void {
  const { resolution, signedHop, securityAction, decision, peer } = record;
  if (resolution === undefined || resolution.ip === null) line.constant(NO_CLIENT);
  else {
    line.constant(CLIENT);
    line.text(resolution.ip);
    line.text('"');
  }
  if (resolution !== undefined) {
    if (resolution.port !== undefined) line.text(`,"clientPort":${resolution.port}`);
    line.constant(kept.judgement(resolution));
    if (resolution.key !== null) {
      line.constant(KEY);
      line.text(resolution.key);
      line.text('"');
    }
  }
  if (signedHop !== undefined) line.text(`,"signedHop":"${signedHop}"`);
  if (securityAction !== undefined) line.text(`,"securityAction":"${securityAction.name}"`);
  if (decision !== undefined) line.text(`,"decision":"${decision}"`);
  if (peer !== undefined) line.constant(peers(peer));
}

/** What was asked for, and what became of it. */
function writeExchange(line: AsciiWriter, { record, kept }: Given): void {
  const { host, status, fault, isComplete } = record;
  const path = record.pathAndQuery ?? record.requestTarget;
  line.constant(methods(record.method));
  if (host !== undefined) line.constant(hosts(host));
  line.constant(PATH);
  line.printable(path, { maxLength: maxTargetLength, end: path.length });
  line.constant(VERSION);
  line.text(record.httpVersion);
  line.text('"');
  if (status !== undefined && fault === undefined && isComplete) line.constant(complete(status));
  else {
    const outcome = `${status === undefined ? "" : `,"status":${status}`}${fault === undefined ? "" : `,"fault":"${fault}"`}`;
    line.text(`${outcome},"isComplete":${isComplete},"requestBytes":`);
  }
  line.integer(record.requestBytes);
  line.constant(RESPONSE_BYTES);
  line.integer(record.responseBytes);
  line.constant(DURATION_MS);
  line.thousandths(record.durationMs);
  line.constant(kept.way(record));
}

/** What the client says of itself, and of where it has come from. */
function writeSender(line: AsciiWriter, { fields }: ExchangeRecord): void {
  const userAgent = fieldText(fields, "user-agent");
  if (userAgent !== undefined) line.constant(userAgents(userAgent));
  const referrer = fieldText(fields, "referer");
  if (referrer !== undefined) line.text(`,"referrer":"${shown(referrer)}"`);
}

function shown(text: string): string {
  return printableJson(text, maxFieldLength);
}
