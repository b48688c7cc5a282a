import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Exchange } from "../exchange.ts";
import { closingFault, type Fault, faultBody, faultFields } from "../fault.ts";

const malformed = closingFault(400, { code: "REQUEST_MALFORMED", message: "The request is not well-formed HTTP/1.1" });
const tooLarge = closingFault(431, { code: "HEADERS_TOO_LARGE", message: "The request header is too large" });
const tooSlow = closingFault(408, { code: "REQUEST_TIMEOUT", message: "The request did not arrive in time" });

const faults: ReadonlyMap<string, Fault> = new Map([
  ["HPE_HEADER_OVERFLOW", tooLarge],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", malformed],
  ["ERR_HTTP_REQUEST_TIMEOUT", tooSlow],
]);

/**
 * Answers bytes that Node could not read as a request, or that did not come in time, and closes: nobody knows where the next request would begin.
 * A fault inside the body of an open exchange is that exchange's answer. Where an answer is under way, or several are owed, one more would be read
 * as part of another, so the connection is only closed.
 */
export function answerClientError(error: Error, { socket, open }: { socket: Duplex; open: readonly Exchange[] }): void {
  const code = "code" in error ? String(error.code) : "";
  const [exchange] = open;
  if (code === "ECONNRESET" || !socket.writable || open.length > 1 || exchange?.response.headersSent) {
    socket.destroy();
    return;
  }
  const answer = faults.get(code) ?? malformed;
  if (exchange !== undefined) return exchange.refuse(answer);
  socket.on("error", () => socket.destroy());
  socket.end(wireText(answer), () => socket.destroy());
}

/** The whole response, for a connection without an exchange to write it. */
function wireText(answer: Fault): string {
  const body = faultBody(answer);
  const fields = faultFields(answer, body);
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`];
  for (let index = 0; index + 1 < fields.length; index += 2) lines.push(`${fields[index]}: ${fields[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
