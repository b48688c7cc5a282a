import { COMMA, isBlank, skipBlanks } from "../ip/chars.ts";
import { createHopAddress, type HopAddress, MAX_HOP_LENGTH, readHop, readIpv4 } from "../ip/read.ts";
import type { HopReader } from "./hop-reader.ts";
import { isMalformedText, whyNotAnAddress } from "./opaque.ts";

/** The hop is longer than an address can be, so where it starts is looked up only if somebody asks. */
const NOT_LOOKED_UP = -1;

/** Only where the hop ends is known: a walk that gives up at a hop does not pay for reading it. */
const UNREAD = -2;

/**
 * Commas and blanks that are passed over between the comma before a hop and the next hop, and blanks between a hop and its comma. RFC 9110 §5.6.1.2 wants
 * empty elements ignored in a reasonable number, and not in one that serves to deny service.
 */
const MAX_SEPARATORS = 1_024;

/** Reads a list header such as `X-Forwarded-For` from the right, in the way that `ListFromRight` says. */
export function createListFromRight(): HopReader {
  return new ListFromRight();
}

/**
 * Elements between commas, SP and HTAB trimmed, empty elements dropped and not counted, every other element one hop. What stands further left than the
 * last hop asked for is not looked at. Where more than `MAX_SEPARATORS` stand between two hops, all that is left is one opaque hop.
 *
 * A class, because the same reader as a closure costs a tenth more.
 * Source: RFC 9110 §5.6.1 for lists and §5.3 for repeated lines.
 */
class ListFromRight implements HopReader {
  readonly side = "right";
  readonly isLengthLimited = false;
  readonly hop: HopAddress = createHopAddress();
  #lines: readonly string[] = [];
  /** The line that is read, and how much of it is left to read. */
  #line = 0;
  #text = "";
  #edge = 0;
  /** The current hop, in a line of its own: `next` may have looked further without finding another. */
  #current = "";
  #start = 0;
  #end = 0;
  /** Whether it is plain IPv4, which `hop` then holds. */
  #isPlain = false;

  open(lines: readonly string[]): void {
    this.#lines = lines;
    this.#line = lines.length;
    this.#edge = 0;
    this.#start = 0;
    this.#end = 0;
  }

  next(): boolean {
    this.#lookUpStart();
    let text = this.#text;
    let edge = this.#edge;
    // Between two hops stand commas and blanks in any number, and ends of lines.
    for (let passed = 0; ; ) {
      if (edge === 0) {
        if (this.#line === 0) return false;
        text = this.#lines[--this.#line] as string;
        edge = text.length;
        continue;
      }
      const code = text.charCodeAt(edge - 1);
      if (code !== COMMA && !isBlank(code)) break;
      if (++passed > MAX_SEPARATORS) return this.#takeRest(text, edge);
      edge--;
    }
    this.#text = text;
    this.#current = text;
    this.#end = edge;
    this.#start = UNREAD;
    return true;
  }

  read(): boolean {
    const { hop } = this;
    if (this.#start === UNREAD) this.#readCurrent();
    if (!this.#isPlain) return this.#start !== NOT_LOOKED_UP && readHop(this.#current, this.#start, this.#end, hop);
    hop.port = -1;
    hop.zone = undefined;
    return hop.words.w3 !== 0;
  }

  isMalformed(): boolean {
    return this.#start !== NOT_LOOKED_UP && isMalformedText(this.#current.slice(this.#start, this.#end));
  }

  text(): string {
    this.#lookUpStart();
    return this.#current.slice(this.#start, this.#end);
  }

  whyOpaque(): string {
    return whyNotAnAddress(this.text());
  }

  /** Reads the current hop from its end. Nearly every one is plain IPv4: reading it finds its start, and its characters are touched once. */
  #readCurrent(): void {
    const text = this.#text;
    const start = readIpv4(text, this.#end, this.hop.words);
    const limit = Math.max(0, start - MAX_SEPARATORS);
    let before = start - 1;
    let code = COMMA;
    while (before >= limit) {
      code = text.charCodeAt(before);
      if (!isBlank(code)) break;
      before--;
    }
    this.#start = start;
    // The comma has been read with the hop.
    this.#edge = Math.max(0, before);
    this.#isPlain = start !== -1 && (before === -1 || code === COMMA);
    if (!this.#isPlain) this.#findStart();
  }

  /** Finds where a hop begins that is no plain IPv4, as far as an address and the blanks before it may reach. */
  #findStart(): void {
    const text = this.#text;
    const limit = Math.max(0, this.#end - MAX_HOP_LENGTH);
    let edge = this.#end;
    while (edge > limit && text.charCodeAt(edge - 1) !== COMMA) edge--;
    const blankLimit = Math.max(0, edge - MAX_SEPARATORS);
    while (edge > blankLimit && isBlank(text.charCodeAt(edge - 1))) edge--;
    this.#edge = Math.max(0, edge - 1);
    this.#start = skipBlanks(text, edge, this.#end);
    const isFound = edge === 0 || text.charCodeAt(edge - 1) === COMMA;
    if (!isFound || this.#start - edge > MAX_SEPARATORS) this.#start = NOT_LOOKED_UP;
  }

  /** Sees to it that the start is known, wherever it is. */
  #lookUpStart(): void {
    if (this.#start === UNREAD) this.#readCurrent();
    if (this.#start !== NOT_LOOKED_UP) return;
    const comma = this.#current.lastIndexOf(",", this.#end - 1);
    this.#edge = Math.max(0, comma);
    this.#start = skipBlanks(this.#current, comma + 1, this.#end);
  }

  /** Makes one opaque hop of all that has not been read: what shows of it is longer than any address. */
  #takeRest(text: string, end: number): boolean {
    this.#line = 0;
    this.#edge = 0;
    this.#current = text;
    this.#start = 0;
    this.#end = end;
    this.#isPlain = false;
    return true;
  }
}
