import type { ClientRequest } from "../client-message.ts";
import { closingFault, type Fault } from "../fault.ts";

/** The field lines that say how a request is framed and where it wants to go, gathered in one pass over the header. */
export type FramingLines = {
  readonly hosts: readonly string[];
  readonly transferEncodings: readonly string[];
  readonly contentLengths: readonly string[];
  readonly upgrades: readonly string[];
};

/** Gathers the framing lines from `rawHeaders`: Node's joined headers keep only the first Host. */
export function framingLines(rawHeaders: readonly string[]): FramingLines {
  const hosts: string[] = [];
  const transferEncodings: string[] = [];
  const contentLengths: string[] = [];
  const upgrades: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] ?? "";
    switch (rawHeaders[index]?.toLowerCase()) {
      case "host":
        hosts.push(value);
        break;
      case "transfer-encoding":
        transferEncodings.push(value);
        break;
      case "content-length":
        contentLengths.push(value);
        break;
      case "upgrade":
        upgrades.push(value);
        break;
    }
  }
  return { hosts, transferEncodings, contentLengths, upgrades };
}

const badVersion = closingFault(505, { code: "REQUEST_VERSION_UNSUPPORTED", message: "Expected HTTP/1.1 or HTTP/1.0" });
const badCoding = closingFault(400, {
  code: "REQUEST_FRAMING_INVALID",
  message: "Expected no Transfer-Encoding but chunked, and none on HTTP/1.0",
});
const badMethod = closingFault(405, {
  code: "REQUEST_METHOD_REFUSED",
  message: "CONNECT and TRACE are not served here",
  fields: ["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"],
});

/**
 * Finds what makes the framing of a request doubtful, or `undefined` when two readers could only read it alike. Node has refused the rest
 * by then: Content-Length beside Transfer-Encoding, two lengths, folded lines, bare line ends.
 *
 * Source: RFC 9112 §6.1 (Transfer-Encoding on HTTP/1.0 is faulty framing), §6.3; RFC 9110 §9.3.6 CONNECT, §9.3.8 TRACE.
 */
export function framingFault({ httpVersion, method }: ClientRequest, { transferEncodings }: FramingLines): Fault | undefined {
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return badVersion;
  if (method === "CONNECT" || method === "TRACE") return badMethod;
  if (transferEncodings.length === 0) return undefined;
  if (httpVersion === "1.0" || transferEncodings.length > 1) return badCoding;
  return transferEncodings[0]?.toLowerCase() === "chunked" ? undefined : badCoding;
}
