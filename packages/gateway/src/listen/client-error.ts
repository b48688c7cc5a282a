import { STATUS_CODES } from "node:http";
import { closingFault, type Fault, faultBody, faultFields } from "../fault.ts";
import { fieldsText } from "../field-text.ts";

const malformed = closingFault(400, { code: "REQUEST_MALFORMED", message: "The request is not well-formed HTTP/1.1" });
const tooLarge = closingFault(431, { code: "HEADERS_TOO_LARGE", message: "The request header is too large" });
/** What is to be a request did not come in time. */
export const tooSlow: Fault = closingFault(408, { code: "REQUEST_TIMEOUT", message: "The request did not arrive in time" });

const faults: ReadonlyMap<string, Fault> = new Map([
  ["HPE_HEADER_OVERFLOW", tooLarge],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", malformed],
  ["ERR_HTTP_REQUEST_TIMEOUT", tooSlow],
]);

/** What to answer to bytes that Node could not read as a request, or that did not come in time; `undefined` when nobody is left to hear it. */
export function clientFault(error: Error): Fault | undefined {
  const code = "code" in error ? String(error.code) : "";
  return code === "ECONNRESET" ? undefined : (faults.get(code) ?? malformed);
}

/** A fault as a whole response, for a connection without an exchange to write it. */
export function faultText(answer: Fault): string {
  const body = faultBody(answer);
  const fields = faultFields(answer, body);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}\r\n${fieldsText(fields)}\r\n${body}`;
}
