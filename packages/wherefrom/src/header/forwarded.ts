import { BACKSLASH, COMMA, EQUALS, isAlphanumericOr, isBlank, QUOTE, SEMICOLON, skipBlanks, TAB } from "../ip/chars.ts";

/** One element of a `Forwarded` line: where it stands, and the `for` parameter if the element follows the grammar. */
export type ForwardedElement = {
  readonly start: number;
  readonly end: number;
  readonly node: { readonly kind: "node"; readonly text: string } | { readonly kind: "opaque"; readonly why: string };
};

/**
 * Splits one `Forwarded` line into its elements, left to right, and reads each element's `for` parameter. Empty elements are dropped.
 *
 * Not lenient: an element with no `for`, with two, or with a syntax error is one opaque element. A quote that never closes takes the rest of this
 * line into its element, and nothing of another line, because each line is split by itself.
 *
 * Source: RFC 7239 §4, RFC 9110 §5.6.1 (lists), §5.6.2 (tokens), §5.6.4 (quoted strings). SP and HTAB are tolerated round `;` and `,`.
 */
export function splitForwardedLine(line: string): readonly ForwardedElement[] {
  const elements: ForwardedElement[] = [];
  let start = 0;
  while (start <= line.length) {
    const end = endOfElement(line, start);
    const first = skipBlanks(line, start, end);
    let last = end;
    while (last > first && isBlank(line.charCodeAt(last - 1))) last--;
    if (first < last) elements.push({ start: first, end: last, node: readElement(line, first, last) });
    start = end + 1;
  }
  return elements;
}

/** The next comma outside quotes, or the end of the line. */
function endOfElement(line: string, start: number): number {
  let isInQuotes = false;
  for (let at = start; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) isInQuotes = !isInQuotes;
    else if (isInQuotes && code === BACKSLASH) at++;
    else if (!isInQuotes && code === COMMA) return at;
  }
  return line.length;
}

const SYNTAX: ForwardedElement["node"] = { kind: "opaque", why: "not the syntax of RFC 7239" };

/** forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] ) (RFC 7239 §4). */
function readElement(line: string, start: number, end: number): ForwardedElement["node"] {
  let node: ForwardedElement["node"] | undefined;
  let at = start;
  while (at < end) {
    at = skipBlanks(line, at, end);
    if (line.charCodeAt(at) !== SEMICOLON) {
      const pair = readPair(line, at, end);
      if (pair === undefined) return SYNTAX;
      if (pair.name === "for") {
        if (node !== undefined) return { kind: "opaque", why: "two for parameters" };
        node = { kind: "node", text: pair.value };
      }
      at = skipBlanks(line, pair.end, end);
      if (at < end && line.charCodeAt(at) !== SEMICOLON) return SYNTAX;
    }
    at++;
  }
  return node ?? { kind: "opaque", why: "no for parameter" };
}

type Pair = { readonly name: string; readonly value: string; readonly end: number };

/** forwarded-pair = token "=" ( token / quoted-string ), with nothing round the `=`. */
function readPair(line: string, start: number, end: number): Pair | undefined {
  const equals = endOfToken(line, start, end);
  if (equals === start || equals >= end || line.charCodeAt(equals) !== EQUALS) return undefined;
  const name = line.slice(start, equals).toLowerCase();
  const valueStart = equals + 1;
  if (valueStart < end && line.charCodeAt(valueStart) === QUOTE) return readQuotedPair(line, valueStart, { name, end });
  const valueEnd = endOfToken(line, valueStart, end);
  if (valueEnd === valueStart) return undefined;
  return { name, value: line.slice(valueStart, valueEnd), end: valueEnd };
}

function readQuotedPair(line: string, quote: number, pair: { name: string; end: number }): Pair | undefined {
  let value = "";
  for (let at = quote + 1; at < pair.end; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) return { name: pair.name, value, end: at + 1 };
    if (code === BACKSLASH) at++;
    if (at >= pair.end || !isQuotable(line.charCodeAt(at))) return undefined;
    value += line[at];
  }
  return undefined;
}

/** HTAB, SP, visible ASCII and obs-text (RFC 9110 §5.6.4). */
function isQuotable(code: number): boolean {
  return code === TAB || (code >= 0x20 && code <= 0x7e) || (code >= 0x80 && code <= 0xff);
}

function endOfToken(line: string, start: number, end: number): number {
  let at = start;
  while (at < end && isTokenChar(line.charCodeAt(at))) at++;
  return at;
}

/** RFC 9110 §5.6.2, tchar. */
export function isTokenChar(code: number): boolean {
  return isAlphanumericOr("!#$%&'*+-.^_`|~", code);
}
