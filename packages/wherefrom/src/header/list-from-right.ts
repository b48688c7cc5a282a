import { COMMA, isBlank } from "../ip/chars.ts";
import { createHopAddress, readHop, readIpv4 } from "../ip/read.ts";
import type { HopReader } from "./hop-reader.ts";
import { whyNotAnAddress } from "./opaque.ts";

/**
 * Reads a list header such as `X-Forwarded-For` from the right: elements between commas, SP and HTAB trimmed, empty elements dropped and not counted,
 * every other element one hop. What stands further left than the last hop asked for is not looked at.
 *
 * Source: RFC 9110 §5.6.1 for lists and §5.3 for repeated lines.
 */
export function createListFromRight(): HopReader {
  const hop = createHopAddress();
  let lines: readonly string[] = [];
  /** The line that is read, and where the element to its left ends; -1 when the line is used up. */
  let line = 0;
  let edge = -1;
  let text = "";
  let start = 0;
  let end = 0;
  /** Whether the current hop is plain IPv4 that has been read already. */
  let isPlain = false;

  function next(): boolean {
    while (edge >= 0 || line > 0) {
      if (edge < 0) edge = (lines[--line] as string).length;
      const value = lines[line] as string;
      let to = edge;
      while (to > 0 && isBlank(value.charCodeAt(to - 1))) to--;
      // Nearly every hop is plain IPv4: reading it finds its start, and its characters are touched once.
      let from = readIpv4(value, to, hop.words);
      let comma = from;
      while (comma > 0 && isBlank(value.charCodeAt(comma - 1))) comma--;
      const isRead = comma === 0 || (comma > 0 && value.charCodeAt(comma - 1) === COMMA);
      if (!isRead) {
        comma = to;
        while (comma > 0 && value.charCodeAt(comma - 1) !== COMMA) comma--;
        from = comma;
        while (from < to && isBlank(value.charCodeAt(from))) from++;
      }
      edge = comma - 1;
      if (from < to) {
        text = value;
        start = from;
        end = to;
        isPlain = isRead;
        return true;
      }
    }
    return false;
  }

  function read(): boolean {
    if (!isPlain) return readHop(text, start, end, hop);
    hop.port = -1;
    hop.zone = undefined;
    return hop.words.w3 !== 0;
  }

  return {
    side: "right",
    isLengthLimited: false,
    hop,
    open(newLines) {
      lines = newLines;
      line = newLines.length;
      edge = -1;
      text = "";
      isPlain = false;
    },
    next,
    read,
    text: () => text.slice(start, end),
    whyOpaque: () => whyNotAnAddress(text.slice(start, end)),
  };
}
