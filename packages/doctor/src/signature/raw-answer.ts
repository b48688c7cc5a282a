import { ECHO_FIELD } from "../echo/echo.ts";
import { type Observation, parseObservation } from "../echo/observation.ts";
import { type Destination, dial } from "../probe/dial.ts";

/** What came back for bytes. `status` 0: bytes without a status line, as HTTP/0.9 answers, or nothing at all. */
export type RawAnswer = { readonly status: number; readonly byEcho: boolean; readonly observation?: Observation };

const MAX_ANSWER_BYTES = 1024 * 1024;

/** Sends bytes over a connection of their own and reads until it closes, an upgrade is answered, or the time is over. Never rejects: silence is an answer. */
export function sendBytes(bytes: string, destination: Destination): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    const socket = dial(destination);
    const settle = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(readAnswer(Buffer.concat(parts).toString("latin1")));
    };
    const timer = setTimeout(settle, destination.timeoutMs);
    socket.on("data", (part) => {
      parts.push(part);
      length += part.length;
      const text = Buffer.concat(parts).toString("latin1");
      if (length > MAX_ANSWER_BYTES || isWhole(text)) settle();
    });
    socket.on("end", settle).on("close", settle).on("error", settle);
    socket.write(Buffer.from(bytes, "latin1"));
  });
}

/** Whether an answer has all its bytes, so that a connection which is kept open need not be waited for. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const head = text.slice(0, end).toLowerCase();
  if (head.startsWith("http/1.1 101")) return true;
  const length = /\r\ncontent-length:[ \t]*([0-9]+)/.exec(head)?.[1];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  return /\r\ntransfer-encoding:[^\r]*chunked/.test(head) && text.endsWith("\r\n0\r\n\r\n");
}

function readAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(text)?.[1] ?? 0);
  const head = end === -1 ? text : text.slice(0, end).toLowerCase();
  // HTTP/0.9 has no head: everything is the body
  const body = status === 0 ? text : text.slice(end + 4);
  const observation = parseObservation(/\r\ntransfer-encoding:[^\r]*chunked/.test(head) ? dechunk(body) : body);
  return { status, byEcho: head.includes(`\r\n${ECHO_FIELD}:`), ...(observation && { observation }) };
}

/** RFC 9112 §7.1, as far as a well-formed answer goes. */
function dechunk(body: string): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (line === -1 || !Number.isInteger(size) || size === 0) break;
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return text;
}
