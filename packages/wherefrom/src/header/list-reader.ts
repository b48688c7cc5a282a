import { COMMA, isBlank } from "../ip/chars.ts";
import { createHopAddress, readHop } from "../ip/read.ts";
import type { HopReader, Side } from "./hop-reader.ts";
import { whyNotAnAddress } from "./opaque.ts";

/**
 * Reads a list header such as `X-Forwarded-For`: elements between commas, SP and HTAB trimmed, empty elements dropped and not counted,
 * every other element one hop.
 *
 * Source: RFC 9110 §5.6.1 for lists and §5.3 for repeated lines.
 */
export function createListReader(): HopReader {
  const hop = createHopAddress();
  let lines: readonly string[] = [];
  let side: Side = "right";
  let line = 0;
  let text = "";
  /** Where the next element begins; seen from the right, where it ends. Beyond the line when the line is used up. */
  let edge = 0;
  let current = "";
  let start = 0;
  let end = 0;

  function enterLine(index: number): boolean {
    const entered = lines[index];
    if (entered === undefined) return false;
    line = index;
    text = entered;
    edge = side === "right" ? text.length : 0;
    return true;
  }

  function nextFromRight(): boolean {
    while (edge >= 0 || enterLine(line - 1)) {
      const value = text;
      let from = edge;
      while (from > 0 && value.charCodeAt(from - 1) !== COMMA) from--;
      let to = edge;
      edge = from - 1;
      while (from < to && isBlank(value.charCodeAt(from))) from++;
      while (to > from && isBlank(value.charCodeAt(to - 1))) to--;
      if (from < to) return keep(value, from, to);
    }
    return false;
  }

  function nextFromLeft(): boolean {
    while (edge <= text.length || enterLine(line + 1)) {
      const value = text;
      let from = edge;
      let to = from;
      while (to < value.length && value.charCodeAt(to) !== COMMA) to++;
      edge = to + 1;
      while (from < to && isBlank(value.charCodeAt(from))) from++;
      while (to > from && isBlank(value.charCodeAt(to - 1))) to--;
      if (from < to) return keep(value, from, to);
    }
    return false;
  }

  function keep(value: string, from: number, to: number): true {
    current = value;
    start = from;
    end = to;
    return true;
  }

  return {
    hop,
    isReadWhole: false,
    open(newLines, newSide) {
      lines = newLines;
      side = newSide;
      text = "";
      current = "";
      line = side === "right" ? lines.length : -1;
      edge = side === "right" ? -1 : 1;
    },
    next: () => (side === "right" ? nextFromRight() : nextFromLeft()),
    read: () => readHop(current, start, end, hop),
    text: () => current.slice(start, end),
    whyOpaque: () => whyNotAnAddress(current.slice(start, end)),
  };
}
