import { METHODS } from "node:http";
import { hyphenated } from "@wherefrom/model";
import type { ClientRequest } from "../client-message.ts";
import { closingFault, type Fault } from "../fault.ts";
import { lengthsOf } from "../field-text.ts";
import type { GatewayLimits } from "../limits.ts";
import { passesIn } from "./loop.ts";

/** What a header says about framing, place and connection. A count is of field lines, a text that of the last line. */
export type FramingFields = {
  hosts: number;
  host: string | undefined;
  transferEncodings: number;
  transferEncoding: string;
  contentLengths: number;
  contentLength: string;
  upgrades: number;
  upgrade: string;
  /** The lines of Expect, joined. */
  expect: string | undefined;
  /** The lines of Connection, joined. */
  connection: string;
  /** Lines of Forwarded. */
  forwardeds: number;
  /** How often the request has been through a gateway, by its CDN-Loop. */
  passes: number;
  /** Fields that frame the body for whoever takes `_` and `.` for a hyphen. */
  aliases: number;
  /** Name and value of the longest line. */
  longestBytes: number;
};

/** By the names that are read. */
const mayBeRead = lengthsOf(["host", "expect", "upgrade", "cdn-loop", "forwarded", "connection", "content-length", "transfer-encoding"]);

/** Reads a header in one pass, from `rawHeaders`: Node's joined headers keep only the first Host. */
export function readFraming(rawHeaders: readonly string[]): FramingFields {
  const fields: FramingFields = {
    hosts: 0,
    host: undefined,
    transferEncodings: 0,
    transferEncoding: "",
    contentLengths: 0,
    contentLength: "",
    upgrades: 0,
    upgrade: "",
    expect: undefined,
    connection: "",
    forwardeds: 0,
    passes: 0,
    aliases: 0,
    longestBytes: 0,
  };
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    fields.longestBytes = Math.max(fields.longestBytes, name.length + value.length);
    if (mayBeRead(name)) readLine(fields, { name: name.toLowerCase(), value });
  }
  return fields;
}

function readLine(fields: FramingFields, { name, value }: { name: string; value: string }): void {
  switch (name) {
    case "host":
      fields.hosts += 1;
      fields.host = value;
      return;
    case "transfer-encoding":
      fields.transferEncodings += 1;
      fields.transferEncoding = value;
      return;
    case "content-length":
      fields.contentLengths += 1;
      fields.contentLength = value;
      return;
    case "upgrade":
      fields.upgrades += 1;
      fields.upgrade = value;
      return;
    case "expect":
      fields.expect = fields.expect === undefined ? value : `${fields.expect},${value}`;
      return;
    case "connection":
      fields.connection = fields.connection === "" ? value : `${fields.connection},${value}`;
      return;
    case "forwarded":
      fields.forwardeds += 1;
      return;
    case "cdn-loop":
      fields.passes += passesIn(value);
      return;
    default: {
      const plain = hyphenated(name);
      if (plain === "transfer-encoding" || plain === "content-length") fields.aliases += 1;
    }
  }
}

const badVersion = closingFault(505, { code: "REQUEST_VERSION_UNSUPPORTED", message: "Expected HTTP/1.1 or HTTP/1.0" });
const badMethod = closingFault(405, {
  code: "REQUEST_METHOD_REFUSED",
  message: "CONNECT, TRACE and methods of other protocols are not served here",
  fields: ["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"],
});
const fieldTooLong = closingFault(431, { code: "HEADERS_TOO_LARGE", message: "A field of the request header is too large" });
const badCoding = closingFault(400, {
  code: "REQUEST_FRAMING_INVALID",
  message: "Expected no Transfer-Encoding but chunked, and none on HTTP/1.0",
});
const badLength = closingFault(400, { code: "REQUEST_FRAMING_INVALID", message: "Expected one Content-Length, a decimal number" });
const alias = closingFault(400, {
  code: "REQUEST_FRAMING_INVALID",
  message: "A field name is Content-Length or Transfer-Encoding but for its hyphen",
});
/** A header, or what stands in trailers, has more fields than are taken. */
export const tooManyFields: Fault = closingFault(431, {
  code: "TOO_MANY_HEADER_FIELDS",
  message: "The request has too many header fields",
});
/** A body turned out to be longer than it may be, or says so. */
export const bodyTooLarge: Fault = closingFault(413, { code: "REQUEST_BODY_TOO_LARGE", message: "The request body is too large" });
const unknownExpectation = closingFault(417, { code: "REQUEST_EXPECTATION_UNKNOWN", message: "Expected no Expect but 100-continue" });

type FramingContext = { readonly fields: FramingFields; readonly limits: GatewayLimits };

/**
 * Finds what makes the framing of a request doubtful, or `undefined` when two readers could only read it alike. Node has refused the rest
 * by then: Content-Length beside Transfer-Encoding, two lengths, folded lines, bare line ends.
 *
 * Source: RFC 9112 §6.1 (Transfer-Encoding on HTTP/1.0 is faulty framing), §6.3; RFC 9110 §8.6, §10.1.1.
 */
export function framingFault(request: ClientRequest, { fields, limits }: FramingContext): Fault | undefined {
  const { httpVersion, method = "", endsWithHeader } = request;
  // A version that frames bodies by itself has been read as that version; a request line that only names it has not.
  if (endsWithHeader === undefined && httpVersion !== "1.1" && httpVersion !== "1.0") return badVersion;
  if (!isServed(method)) return badMethod;
  if (fields.longestBytes > limits.maxFieldBytes) return fieldTooLong;
  if (fields.aliases > 0) return alias;
  if (fields.transferEncodings > 0 && (httpVersion === "1.0" || !isChunked(fields))) return badCoding;
  if (fields.contentLengths > 0) {
    if (fields.contentLengths > 1 || fields.transferEncodings > 0 || !isDecimal(fields.contentLength)) return badLength;
    if (Number(fields.contentLength) > limits.maxBodyBytes) return bodyTooLarge;
  }
  return fields.expect === undefined || fields.expect.toLowerCase() === "100-continue" ? undefined : unknownExpectation;
}

/** Node's parser reads the methods of RTSP and Icecast too, which no target of HTTP knows. RFC 9110 §9.3.6 CONNECT, §9.3.8 TRACE. */
function isServed(method: string): boolean {
  switch (method) {
    case "GET":
    case "POST":
    case "HEAD":
      return true;
    case "CONNECT":
    case "TRACE":
    case "SOURCE":
      return false;
  }
  return METHODS.includes(method);
}

function isChunked({ transferEncodings, transferEncoding }: FramingFields): boolean {
  return transferEncodings === 1 && transferEncoding.toLowerCase() === "chunked";
}

/** RFC 9110 §8.6: digits and nothing else. */
function isDecimal(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text !== "";
}
