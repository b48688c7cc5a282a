import { INCOMPLETE, type ProxyReading, refused } from "./reading.ts";
import { parseLine } from "./v1.ts";
import { type ProxyLimits, parseBlock } from "./v2.ts";

/** Source: PROXY protocol, §2.1: the six characters of version 1. */
const V1 = Buffer.from("PROXY ", "latin1");
/** Source: PROXY protocol, §2.2: the twelve bytes of version 2, which no other protocol begins with. */
const V2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/**
 * Reads the PROXY protocol header at the start of a connection.
 *
 * Shape:  `bytes` is all that has come; called again with more while the answer is `incomplete`. Bytes in, union out: it keeps nothing.
 * Errors: none thrown. What is no header is refused at the first byte that tells; nothing is ever guessed, and a connection without a header is
 *         not taken for one that needs none.
 * Source: HAProxy, "The PROXY protocol, versions 1 & 2", §2; §4 for how the two are told apart.
 */
export function parseProxyHeader(bytes: Buffer, limits: ProxyLimits): ProxyReading {
  if (begins(bytes, V1)) return bytes.length < V1.length ? INCOMPLETE : parseLine(bytes, V1.length);
  if (begins(bytes, V2)) return bytes.length < V2.length ? INCOMPLETE : parseBlock(bytes, { at: V2.length, limits });
  return refused("not-a-header");
}

/** Whether bytes and signature agree as far as the shorter goes. */
function begins(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}
