import { BACKSLASH } from "../ip/chars.ts";

/** Longest text kept by default, in characters of the escaped text. */
const DEFAULT_MAX_LENGTH = 256;

/**
 * Makes untrusted text safe to show to a person, in a terminal, a log or a page's text: everything but printable ASCII is written as `\xNN` or `\uNNNN`,
 * and a backslash as `\\`. That covers C0, DEL, C1 (0x9b starts a terminal sequence), and bidirectional marks.
 *
 * Not for HTML attributes or markup: that is the page's own escaping. Text past `maxLength` is cut and ends in `...`.
 */
export function escapeText(text: string, maxLength: number = DEFAULT_MAX_LENGTH): string {
  // Nearly all text is harmless, and then stays in one piece.
  let at = 0;
  const end = Math.min(text.length, maxLength);
  while (at < end && isHarmless(text.charCodeAt(at))) at++;
  if (at === text.length) return text;
  let escaped = text.slice(0, at);
  for (; at < text.length; at++) {
    const next = escapeUnit(text.charCodeAt(at));
    if (escaped.length + next.length > maxLength) return `${escaped}...`;
    escaped += next;
  }
  return escaped;
}

function isHarmless(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== BACKSLASH;
}

function escapeUnit(code: number): string {
  if (isHarmless(code)) return String.fromCharCode(code);
  if (code === BACKSLASH) return "\\\\";
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
