import { STATUS_CODES } from "node:http";
import { isFieldValue, isToken } from "../../field-text.ts";
import { knownNames } from "../../forward/known-names.ts";

/** How the end of a body is told. `none`: there is no body, or it is a HEAD that asked. */
export type Framing = "none" | "length" | "chunks";

export type ResponseHead = { readonly text: string; readonly framing: Framing; readonly keepsAlive: boolean };

type HeadParts = {
  readonly status: number;
  /** `undefined`: the usual one. */
  readonly reason: string | undefined;
  readonly fields: readonly string[];
  readonly method: string;
  readonly keepsAlive: boolean;
  readonly keepAliveTimeoutMs: number;
};

/**
 * The header of a response over HTTP/1.1 as text, a character a byte, the same that Node's `ServerResponse` writes: the fields given, then Date, Connection and Transfer-Encoding where none
 * of them says so.
 *
 * Errors: throws on a field that no header can hold. It would end its line, and what follows be read as fields or as a body.
 * Source: RFC 9112 §5, §6, §9.3; RFC 9110 §5.5, §6.6.1.
 */
export function responseHead({ status, reason, fields, method, keepsAlive, keepAliveTimeoutMs }: HeadParts): ResponseHead {
  let said = keepsAlive ? 0 : CLOSES;
  let text = `HTTP/1.1 ${status} ${reason ?? STATUS_CODES[status] ?? "unknown"}\r\n`;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    said |= sayingOf(name, value);
    text += `${name}: ${value}\r\n`;
  }
  if ((said & DATED) === 0) text += dateLine();
  if ((said & CONNECTION) === 0) text += connectionLines(said, keepAliveTimeoutMs);
  const framing = framingOf(said, { method, status });
  if (framing === "chunks") text += "Transfer-Encoding: chunked\r\n";
  return { text: `${text}\r\n`, framing, keepsAlive: (said & CLOSES) === 0 };
}

/** Trailer fields as text. Errors: as for a header. */
export function trailerText(pairs: readonly (readonly [name: string, value: string])[]): string {
  let text = "";
  for (const [name, value] of pairs) {
    sayingOf(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** What fields say, a bit each. */
const DATED = 1;
const LENGTH = 2;
const CONNECTION = 4;
const CLOSES = 8;
const UNREADABLE = 16;

const NAMES: ReadonlyMap<string, number> = new Map([
  ["date", DATED],
  ["content-length", LENGTH],
  ["connection", CONNECTION],
]);

const CLOSE = /(?:^|\W)close(?:$|\W)/i;

const sayingOfName = knownNames((name) => (isToken(name) ? (NAMES.get(name) ?? 0) : UNREADABLE));

function sayingOf(name: string, value: string): number {
  const saying = sayingOfName(name);
  if (saying === UNREADABLE || !isFieldValue(value)) throw new Error("A field of the response holds what no header may");
  return saying === CONNECTION && CLOSE.test(value) ? CONNECTION | CLOSES : saying;
}

function framingOf(said: number, { method, status }: Pick<HeadParts, "method" | "status">): Framing {
  if (method === "HEAD" || status === 204 || status === 304) return "none";
  return (said & LENGTH) === 0 ? "chunks" : "length";
}

const MS_PER_S = 1_000;

function connectionLines(said: number, keepAliveTimeoutMs: number): string {
  if ((said & CLOSES) !== 0) return "Connection: close\r\n";
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeoutMs / MS_PER_S)}\r\n`;
}

let dateSecond = -1;
let dateText = "";

/** Made once a second. */
function dateLine(): string {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / MS_PER_S);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = `Date: ${new Date(nowMs).toUTCString()}\r\n`;
  }
  return dateText;
}
