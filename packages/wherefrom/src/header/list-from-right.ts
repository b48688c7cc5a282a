import { COMMA, isBlank } from "../ip/chars.ts";
import { createHopAddress, MAX_HOP_LENGTH, readHop, readIpv4 } from "../ip/read.ts";
import type { HopReader } from "./hop-reader.ts";
import { isMalformedText, whyNotAnAddress } from "./opaque.ts";

/** The hop is longer than an address can be, so where it starts is looked up only if somebody asks. */
const NOT_LOOKED_UP = -1;

/**
 * Reads a list header such as `X-Forwarded-For` from the right: elements between commas, SP and HTAB trimmed, empty elements dropped and not counted,
 * every other element one hop. What stands further left than the last hop asked for is not looked at.
 *
 * Source: RFC 9110 §5.6.1 for lists and §5.3 for repeated lines.
 */
export function createListFromRight(): HopReader {
  const hop = createHopAddress();
  let lines: readonly string[] = [];
  /** The line that is read, and how much of it is left to read. */
  let line = 0;
  let text = "";
  let edge = 0;
  /** The current hop. */
  let current = "";
  let start = 0;
  let end = 0;
  /** Whether it is plain IPv4, which has been read already. */
  let isPlain = false;

  function next(): boolean {
    if (start === NOT_LOOKED_UP) lookUpStart();
    // Between two hops stand commas and blanks in any number, and ends of lines.
    for (;;) {
      if (edge === 0) {
        if (line === 0) return false;
        text = lines[--line] as string;
        edge = text.length;
        continue;
      }
      const code = text.charCodeAt(edge - 1);
      if (code !== COMMA && !isBlank(code)) break;
      edge--;
    }
    current = text;
    end = edge;
    // Nearly every hop is plain IPv4: reading it finds its start, and its characters are touched once.
    start = readIpv4(text, end, hop.words);
    edge = start;
    while (edge > 0 && isBlank(text.charCodeAt(edge - 1))) edge--;
    isPlain = edge === 0 || (edge > 0 && text.charCodeAt(edge - 1) === COMMA);
    if (!isPlain) findStart();
    return true;
  }

  function findStart(): void {
    const limit = Math.max(0, end - MAX_HOP_LENGTH);
    edge = end;
    while (edge > limit && text.charCodeAt(edge - 1) !== COMMA) edge--;
    const isFound = edge === 0 || text.charCodeAt(edge - 1) === COMMA;
    start = isFound ? skipBlanks(text, edge) : NOT_LOOKED_UP;
  }

  function lookUpStart(): void {
    edge = current.lastIndexOf(",", end - 1) + 1;
    start = skipBlanks(current, edge);
  }

  function read(): boolean {
    if (!isPlain) return start !== NOT_LOOKED_UP && readHop(current, start, end, hop);
    hop.port = -1;
    hop.zone = undefined;
    return hop.words.w3 !== 0;
  }

  function elementText(): string {
    if (start === NOT_LOOKED_UP) lookUpStart();
    return current.slice(start, end);
  }

  return {
    side: "right",
    isLengthLimited: false,
    hop,
    open(newLines) {
      lines = newLines;
      line = newLines.length;
      text = "";
      edge = 0;
      current = "";
      start = 0;
      end = 0;
    },
    next,
    read,
    isMalformed: () => start !== NOT_LOOKED_UP && isMalformedText(current.slice(start, end)),
    text: elementText,
    whyOpaque: () => whyNotAnAddress(elementText()),
  };
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at;
}
