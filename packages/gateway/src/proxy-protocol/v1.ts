import { parseAddress } from "wherefrom";
import { INCOMPLETE, type ProxyReading, refused } from "./reading.ts";

/** The longest line that can be, its CR LF included (§2.1): a receiver never has to wait for more. */
const MAX_LINE_BYTES = 107;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads the rest of a version 1 line, `at` behind `PROXY `.
 *
 * Source: PROXY protocol §2.1.
 */
export function parseLine(bytes: Buffer, at: number): ProxyReading {
  const end = endOfLine(bytes, at);
  if (end === "malformed") return refused("line-malformed");
  if (end === "incomplete") return bytes.length < MAX_LINE_BYTES ? INCOMPLETE : refused("too-long");
  const length = end + 2;
  if (length > MAX_LINE_BYTES) return refused("too-long");
  const text = bytes.toString("latin1", at, end);
  // §2.1: whatever stands behind UNKNOWN is to be ignored.
  if (text === "UNKNOWN" || text.startsWith("UNKNOWN ")) return { kind: "header", header: { kind: "own" }, length };
  return parseFields(text.split(" "), length);
}

/** Where the CR of the CR LF stands. A CR or LF by itself ends no line. */
function endOfLine(bytes: Buffer, from: number): number | "incomplete" | "malformed" {
  for (let index = from; index < bytes.length; index += 1) {
    if (bytes[index] === LF) return "malformed";
    if (bytes[index] !== CR) continue;
    if (index + 1 === bytes.length) return "incomplete";
    return bytes[index + 1] === LF ? index : "malformed";
  }
  return "incomplete";
}

/** Protocol, source, destination, and a port for each, one space apart. */
function parseFields(fields: readonly string[], length: number): ProxyReading {
  const [protocol, source = "", destination = "", sourcePort = "", destinationPort = ""] = fields;
  if (fields.length !== 5 || (protocol !== "TCP4" && protocol !== "TCP6")) return refused("line-malformed");
  if (!isPort(sourcePort) || !isPort(destinationPort)) return refused("line-malformed");
  const peer = addressOf(source, protocol);
  if (peer === undefined || addressOf(destination, protocol) === undefined) return refused("address-invalid");
  return { kind: "header", header: { kind: "proxied", peer, isOverTls: false }, length };
}

/** Canonical text. The form has to be that of the protocol; an IPv4-mapped address under TCP6 is IPv4 all the same. */
function addressOf(text: string, protocol: "TCP4" | "TCP6"): string | undefined {
  return text.includes(":") === (protocol === "TCP6") ? parseAddress(text)?.text : undefined;
}

/** §2.1: a decimal number from 0 to 65535 without leading zeros. */
function isPort(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 0xffff;
}
