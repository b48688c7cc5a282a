import { COMMA, isBlank } from "../ip/chars.ts";
import { createHopWords, readHop } from "../ip/read.ts";
import type { HopReader, Side } from "./hop-reader.ts";
import { whyNotAnAddress } from "./opaque.ts";

/**
 * Reads a list header such as `X-Forwarded-For`: elements between commas, SP and HTAB trimmed, empty elements dropped and not counted,
 * every other element one hop.
 *
 * Source: RFC 9110 §5.6.1 for lists and §5.3 for repeated lines.
 */
export function createListReader(): HopReader {
  const hop = createHopWords();
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
      const last = edge;
      let first = last;
      while (first > 0 && text.charCodeAt(first - 1) !== COMMA) first--;
      edge = first - 1;
      if (keep(first, last)) return true;
    }
    return false;
  }

  function nextFromLeft(): boolean {
    while (edge <= text.length || enterLine(line + 1)) {
      const first = edge;
      let last = first;
      while (last < text.length && text.charCodeAt(last) !== COMMA) last++;
      edge = last + 1;
      if (keep(first, last)) return true;
    }
    return false;
  }

  /** Trims the element and makes it the current hop, unless it is empty. */
  function keep(first: number, last: number): boolean {
    let from = first;
    let to = last;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    if (from === to) return false;
    current = text;
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
