import { COMMA, isBlank } from "../ip/chars.ts";
import { createHopAddress, readHop } from "../ip/read.ts";
import type { HopReader } from "./hop-reader.ts";
import { isMalformedText, whyNotAnAddress } from "./opaque.ts";

/**
 * Reads a list header from the left: the same elements as from the right, in the other order.
 *
 * Source: RFC 9110 §5.6.1 for lists and §5.3 for repeated lines.
 */
export function createListFromLeft(): HopReader {
  const hop = createHopAddress();
  let lines: readonly string[] = [];
  /** The line that is read, and where its next element begins; beyond its length when it is used up. */
  let line = -1;
  let edge = 1;
  let text = "";
  let start = 0;
  let end = 0;

  function next(): boolean {
    for (;;) {
      let value = lines[line] ?? "";
      if (edge > value.length) {
        if (line + 1 >= lines.length) return false;
        value = lines[++line] as string;
        edge = 0;
      }
      let from = edge;
      let to = from;
      while (to < value.length && value.charCodeAt(to) !== COMMA) to++;
      edge = to + 1;
      while (from < to && isBlank(value.charCodeAt(from))) from++;
      while (to > from && isBlank(value.charCodeAt(to - 1))) to--;
      if (from < to) {
        text = value;
        start = from;
        end = to;
        return true;
      }
    }
  }

  return {
    side: "left",
    isLengthLimited: true,
    hop,
    open(newLines) {
      lines = newLines;
      line = -1;
      edge = 1;
      text = "";
    },
    next,
    read: () => readHop(text, start, end, hop),
    isMalformed: () => isMalformedText(text.slice(start, end)),
    text: () => text.slice(start, end),
    whyOpaque: () => whyNotAnAddress(text.slice(start, end)),
  };
}
