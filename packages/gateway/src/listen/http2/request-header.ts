import { randomBytes } from "node:crypto";
import { closingFault, type Fault } from "../../fault.ts";
import type { GatewayLimits } from "../../limits.ts";

/** The header of one HTTP/2 request in HTTP/1's words. */
export type RequestHeader = {
  readonly method: string;
  /** The request target; empty where there is none, as with CONNECT. */
  readonly url: string;
  /** Name, value, name, value; Host first. No pseudo-header. */
  readonly fields: string[];
  /** Whether a WebSocket, or something else by an extended CONNECT, is asked for. */
  readonly isUpgrade: boolean;
};

export type HeaderReading = { readonly kind: "header"; readonly header: RequestHeader } | { readonly kind: "fault"; readonly fault: Fault };

const malformed = closingFault(400, { code: "REQUEST_MALFORMED", message: "The request is not well-formed HTTP/2" });
const tooLarge = closingFault(431, { code: "HEADERS_TOO_LARGE", message: "The request header is too large" });

/** What HTTP/1 spends on a line beside name and value. */
const LINE_BYTES = 4;
const KEY_BYTES = 16;

type HeaderContext = {
  /** How many fields the client sent. */
  readonly fieldCount: number | undefined;
  readonly limits: GatewayLimits;
};

/**
 * Reads the header of an HTTP/2 request. Node has refused by then what has no or two of a pseudo-header, upper case in a name, or a field about the connection; a field that
 * is malformed in another way it drops, and then the count does not agree.
 *
 * Shape:  `raw` is name, value, name, value as Node has decoded it. A Host beside `:authority` that says the same is left out; one that says something else makes two lines,
 *         which the phase `accept` refuses. An extended CONNECT is the GET of a WebSocket handshake, with a key of the gateway's own.
 * Source: RFC 9113 §8.2.1, §8.2.3 (one Cookie line for HTTP/1), §8.3.1; RFC 8441 §4, §5.
 */
export function readRequestHeader(raw: readonly string[], { fieldCount, limits }: HeaderContext): HeaderReading {
  if (fieldCount !== raw.length / 2) return { kind: "fault", fault: malformed };
  const pseudo = new Map<string, string>();
  const lines: [name: string, value: string][] = [];
  const cookies: string[] = [];
  let bytes = 0;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = "", value = ""] = [raw[index], raw[index + 1]];
    bytes += name.length + value.length + LINE_BYTES;
    if (name.startsWith(":")) pseudo.set(name, value);
    else if (name === "cookie") cookies.push(value);
    else lines.push([name, value]);
  }
  if (bytes > limits.maxHeaderBytes) return { kind: "fault", fault: tooLarge };
  if (!isScheme(pseudo.get(":scheme"), pseudo.get(":method"))) return { kind: "fault", fault: malformed };
  if (cookies.length > 0) lines.push(["cookie", cookies.join("; ")]);
  const authority = pseudo.get(":authority");
  const hosted = authority === undefined ? lines : [["host", authority], ...lines.filter((line) => !saysHost(line, authority))];
  const protocol = pseudo.get(":protocol");
  const upgraded = protocol === undefined ? hosted : handshakeLines(hosted, protocol);
  const method = protocol === undefined ? (pseudo.get(":method") ?? "") : "GET";
  return {
    kind: "header",
    header: { method, url: pseudo.get(":path") ?? "", fields: upgraded.flat(), isUpgrade: protocol !== undefined },
  };
}

/** RFC 9113 §8.5: CONNECT has none. */
function isScheme(scheme: string | undefined, method: string | undefined): boolean {
  return scheme === "http" || scheme === "https" || (scheme === undefined && method === "CONNECT");
}

function saysHost([name, value]: readonly [string, string], authority: string): boolean {
  return name === "host" && value.toLowerCase() === authority.toLowerCase();
}

/** RFC 8441 §5: Upgrade and the key are not sent over HTTP/2, as the stream and its status say the same. To the target they are. */
function handshakeLines(lines: readonly (readonly string[])[], protocol: string): readonly (readonly string[])[] {
  const kept = lines.filter(([name]) => name !== "sec-websocket-key");
  return [...kept, ["upgrade", protocol], ["sec-websocket-key", randomBytes(KEY_BYTES).toString("base64")]];
}
