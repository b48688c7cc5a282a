import type { Socket } from "node:net";
import type { GatewayLimits } from "../../limits.ts";
import { faultText, tooSlow } from "../client-error.ts";
import { type Decision, readFirstBytes } from "../first-bytes.ts";

/** What a client begins with that knows beforehand that HTTP/2 is spoken (RFC 9113 §3.3, §3.4). No request of HTTP/1 that a gateway serves begins like it. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * Tells by the first bytes of a clear connection which version is spoken: HTTP/2 when they are the whole preface, and HTTP/1 at the first byte that is another. Nothing
 * is taken from the connection. `undefined` when it is to be closed.
 */
export async function readVersion(socket: Socket, { headersTimeoutMs }: GatewayLimits): Promise<1 | 2 | undefined> {
  const version = await readFirstBytes(socket, { decide, timeoutMs: headersTimeoutMs });
  if (typeof version === "number") return version;
  // As over HTTP/1 to a client that is too slow with its header.
  if (version === "late" && socket.writable) await new Promise<void>((resolve) => socket.end(faultText(tooSlow), resolve));
  return undefined;
}

function decide(bytes: Buffer): Decision<1 | 2> {
  const length = Math.min(bytes.length, PREFACE.length);
  if (!bytes.subarray(0, length).equals(PREFACE.subarray(0, length))) return { answer: 1, usedBytes: 0 };
  return length === PREFACE.length ? { answer: 2, usedBytes: 0 } : undefined;
}
