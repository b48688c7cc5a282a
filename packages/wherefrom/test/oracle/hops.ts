import { MAX_HOP_LENGTH, type OracleHopAddress, readHopAddress } from "./address.ts";

/** One element that counts: an address, or something that is none. `hasBreak`: its text holds CR, LF or NUL, and is short enough to be looked at. */
export type OracleHop =
  | { readonly kind: "address"; readonly address: OracleHopAddress }
  | { readonly kind: "opaque"; readonly hasBreak: boolean };

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const PAIR = new RegExp(`^(${TOKEN})=(${TOKEN}|${QUOTED})$`);

function trim(text: string): string {
  return text.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
}

function opaque(element: string): OracleHop {
  return { kind: "opaque", hasBreak: element.length <= MAX_HOP_LENGTH && /[\r\n\0]/.test(element) };
}

/** The elements of a list header: split at commas, SP and HTAB trimmed, empty ones dropped. */
function elementsOf(lines: readonly string[]): string[] {
  return lines
    .flatMap((line) => line.split(","))
    .map(trim)
    .filter((element) => element !== "");
}

/** Splits where `separator` stands outside quotes. A quote that never closes takes the rest. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (isQuoted && char === "\\") {
      part += char + text.charAt(at + 1);
      at += 1;
    } else if (!isQuoted && char === separator) {
      parts.push(part);
      part = "";
    } else {
      if (char === '"') isQuoted = !isQuoted;
      part += char;
    }
  }
  return [...parts, part];
}

/** The node text of a `Forwarded` element; `undefined` without exactly one `for`, or when RFC 7239 section 4 is broken. */
function nodeOf(element: string): string | undefined {
  const nodes: string[] = [];
  for (const text of splitOutsideQuotes(element, ";").map(trim)) {
    if (text === "") continue;
    const pair = PAIR.exec(text);
    if (pair === null) return undefined;
    if (pair[1]?.toLowerCase() === "for") nodes.push(pair[2] ?? "");
  }
  const node = nodes[0];
  if (node === undefined || nodes.length > 1) return undefined;
  return node.startsWith('"') ? node.slice(1, -1).replace(/\\(.)/gs, "$1") : node;
}

function hopOfForwarded(element: string): OracleHop {
  const node = nodeOf(element);
  const address = node === undefined ? undefined : readHopAddress(node);
  const isBareIpv6 = address !== undefined && node !== undefined && !node.startsWith("[") && node.split(":").length > 2;
  return address === undefined || isBareIpv6 ? opaque(element) : { kind: "address", address };
}

/** Separators that are passed over between two hops when a list is read from the right. */
const MAX_SEPARATORS = 1_024;

/** How many blanks a text has at one of its ends. */
function blanksAt(text: string, end: "start" | "end"): number {
  return (end === "start" ? /^[ \t]*/ : /[ \t]*$/).exec(text)?.[0].length ?? 0;
}

/**
 * Every hop of a header as it is read from the right, left to right: as `hopsOf`, but where too many separators stand between two hops, what is left is
 * one opaque hop, and so is a hop with too many blanks before it.
 */
export function hopsFromRight(headerName: string, lines: readonly string[]): OracleHop[] {
  if (headerName.toLowerCase() === "forwarded") return hopsOf(headerName, lines);
  const hops: OracleHop[] = [];
  let passed = 0;
  for (const line of lines.toReversed()) {
    const elements = line.split(",");
    for (const [index, element] of elements.toReversed().entries()) {
      const isEmpty = trim(element) === "";
      passed += blanksAt(element, "end");
      if (passed > MAX_SEPARATORS) return [{ kind: "opaque", hasBreak: false }, ...hops];
      if (!isEmpty) {
        const address = readHopAddress(trim(element));
        const isReadable = address !== undefined && blanksAt(element, "start") <= MAX_SEPARATORS;
        hops.unshift(isReadable ? { kind: "address", address } : opaque(trim(element)));
        passed = 0;
      }
      const hasComma = index < elements.length - 1;
      if (isEmpty && hasComma) passed += 1;
      if (passed > MAX_SEPARATORS) return [{ kind: "opaque", hasBreak: false }, ...hops];
    }
  }
  return hops;
}

/** Every hop of a header, left to right: by RFC 7239 when the header is `Forwarded`, as a plain list otherwise. */
export function hopsOf(headerName: string, lines: readonly string[]): OracleHop[] {
  if (headerName.toLowerCase() === "forwarded") {
    const elements = lines.flatMap((line) => splitOutsideQuotes(line, ",")).map(trim);
    return elements.filter((element) => element !== "").map(hopOfForwarded);
  }
  return elementsOf(lines).map((element) => {
    const address = readHopAddress(element);
    return address === undefined ? opaque(element) : { kind: "address", address };
  });
}
