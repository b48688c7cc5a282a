import { isToken, lengthsOf, trimBlanks } from "../../field-text.ts";

/** The header of a request that nothing follows. */
export type PlainHead = {
  readonly method: "GET" | "HEAD";
  /** Begins with `/`. */
  readonly url: string;
  /** `[name, value, name, value]`, as they came. */
  readonly rawHeaders: string[];
  /** Whether it asks for a WebSocket. */
  readonly isUpgrade: boolean;
};

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SLASH = 0x2f;
const COLON = 0x3a;
const DELETE = 0x7f;

/** RFC 9110 §5.6.2. */
const IN_TOKEN = Uint8Array.from({ length: 256 }, (_, code) => (isToken(String.fromCharCode(code)) ? 1 : 0));

/** Where the request target begins, and how its line ends. */
const GET = "GET /";
const HEAD = "HEAD /";
const VERSION = " HTTP/1.1\r\n";

/**
 * Reads a request header as nearly all are: GET or HEAD over HTTP/1.1, without a body, printable ASCII, come as a whole, and nothing behind it. `undefined` for all else, right or
 * wrong: that is for Node's parser to read, which is given the same bytes. So this is a part of what Node reads, read alike; a test holds the two against each other.
 *
 * Whatever could frame a body, change the protocol or end the connection is none of it, but for a WebSocket's handshake in its two usual spellings.
 *
 * Source: RFC 9112 §2.1, §3, §5; RFC 6455 §4.1.
 */
export function readPlainHead(bytes: Buffer): PlainHead | undefined {
  const { length } = bytes;
  const begin = bytes[0] === 0x47 ? GET.length - 1 : HEAD.length - 1;
  if (length < MIN_BYTES || bytes[length - 1] !== LF || bytes[begin] !== SLASH) return undefined;
  const text = bytes.toString("latin1");
  const method = text.startsWith(GET) ? "GET" : "HEAD";
  if (method === "HEAD" && !text.startsWith(HEAD)) return undefined;
  let end = begin;
  while (isInTarget(bytes[end] as number)) end += 1;
  if (!text.startsWith(VERSION, end)) return undefined;
  const rawHeaders: string[] = [];
  const upgrade = readFields(bytes, { text, at: end + VERSION.length, rawHeaders });
  if (upgrade === undefined || (upgrade === "websocket" && method !== "GET")) return undefined;
  return { method, url: ownText(bytes, { text, from: begin, to: end }), rawHeaders, isUpgrade: upgrade === "websocket" };
}

const MIN_BYTES = `${GET}${VERSION}\r\n`.length;

type Fields = { readonly text: string; readonly at: number; readonly rawHeaders: string[] };

/** Reads field lines to the end of the bytes; `undefined` if one of them is out of the ordinary. */
function readFields(bytes: Buffer, { text, at, rawHeaders }: Fields): "none" | "websocket" | undefined {
  const { length } = bytes;
  let said = 0;
  for (let start = at; start < length; ) {
    if (bytes[start] === CR) {
      const isWhole = start + 2 === length && bytes[start + 1] === LF;
      return isWhole ? upgradeOf(said) : undefined;
    }
    let colon = start;
    while (IN_TOKEN[bytes[colon] as number] === 1) colon += 1;
    if (colon === start || bytes[colon] !== COLON) return undefined;
    let end = colon + 1;
    while (isInValue(bytes[end] as number)) end += 1;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) return undefined;
    const name = ownText(bytes, { text, from: start, to: colon });
    const value = trimBlanks(ownText(bytes, { text, from: colon + 1, to: end }));
    const saying = sayingOf(name, value);
    if (saying === UNUSUAL || (said & saying) !== 0) return undefined;
    said |= saying;
    rawHeaders.push(name, value);
    start = end + 2;
  }
  return undefined;
}

/** V8 copies what is shorter. Of a longer part it makes a view, which keeps all of the text. */
const LEAST_VIEW = 13;

/** A part of the header as a text of its own: some are remembered, and whoever remembers a name must not keep the 64 KiB in which it came. */
function ownText(bytes: Buffer, { text, from, to }: { readonly text: string; readonly from: number; readonly to: number }): string {
  return to - from < LEAST_VIEW ? text.slice(from, to) : bytes.toString("latin1", from, to);
}

/** What fields say of the connection, a bit each; each may be said once. */
const UPGRADE = 1;
const UPGRADE_NAMED = 2;
const UNUSUAL = 4;

/** RFC 9110 §7.8: an upgrade is asked for by both fields, and with one of them only by those who mean something else. */
function upgradeOf(said: number): "none" | "websocket" | undefined {
  if (said === 0) return "none";
  return said === (UPGRADE | UPGRADE_NAMED) ? "websocket" : undefined;
}

const NAMES = ["upgrade", "trailer", "expect", "connection", "content-length", "proxy-connection", "transfer-encoding"];
const mayBeLookedAt = lengthsOf(NAMES);

function sayingOf(name: string, value: string): number {
  if (!mayBeLookedAt(name)) return 0;
  switch (name.toLowerCase()) {
    case "connection":
      return sayingOfConnection(value.toLowerCase());
    case "upgrade":
      return value.toLowerCase() === "websocket" ? UPGRADE : UNUSUAL;
    default:
      return NAMES.includes(name.toLowerCase()) ? UNUSUAL : 0;
  }
}

function sayingOfConnection(options: string): number {
  if (options === "keep-alive") return 0;
  return options === "upgrade" || options === "keep-alive, upgrade" ? UPGRADE_NAMED : UNUSUAL;
}

function isInTarget(code: number): boolean {
  return code > SPACE && code < DELETE;
}

function isInValue(code: number): boolean {
  return (code >= SPACE && code < DELETE) || code === TAB;
}
