import { isFieldValue, isToken, trimBlanks } from "../../field-text.ts";

/** What a target has answered to a handshake so far, as text with a character a byte. */
export type HeadReading =
  | { readonly kind: "incomplete" }
  /** A whole header with status 101. `end` is where the WebSocket begins. */
  | { readonly kind: "switching"; readonly fields: readonly string[]; readonly end: number }
  /** Something else than 101, for a reader of HTTP. */
  | { readonly kind: "declined" }
  /** It begins like a 101 and goes on as no header may. */
  | { readonly kind: "invalid" };

const INCOMPLETE: HeadReading = { kind: "incomplete" };
const DECLINED: HeadReading = { kind: "declined" };
const INVALID: HeadReading = { kind: "invalid" };

const STATUS = "HTTP/1.1 101";
const LINE_END = "\r\n";
const HEAD_END = "\r\n\r\n";

const REASON = /^(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * Reads the header of a 101, and only that: what stands behind it is no HTTP any more, so no reader of HTTP may have taken a byte of it.
 *
 * Shape:  fields as `[name, value, name, value]`, blanks round a value cut off. Lines end in CR LF and nothing else; none is folded.
 * Source: RFC 9112 §4 and §5, RFC 6455 §4.2.2.
 */
export function readSwitchingHead(text: string): HeadReading {
  if (!text.startsWith(STATUS.slice(0, text.length))) return DECLINED;
  const end = text.indexOf(HEAD_END);
  if (end === -1) return INCOMPLETE;
  const [status = "", ...lines] = text.slice(0, end).split(LINE_END);
  if (!REASON.test(status.slice(STATUS.length))) return INVALID;
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1);
    if (!isToken(name) || !isFieldValue(value)) return INVALID;
    fields.push(name, trimBlanks(value));
  }
  return { kind: "switching", fields, end: end + HEAD_END.length };
}
