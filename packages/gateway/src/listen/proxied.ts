import type { Socket } from "node:net";
import type { GatewayLimits } from "../limits.ts";
import { parseProxyHeader } from "../proxy-protocol/parse.ts";
import type { ProxyHeader, ProxyRefusal } from "../proxy-protocol/reading.ts";
import { type Decision, readFirstBytes } from "./first-bytes.ts";

/** What stands in front of a connection on which a PROXY protocol header is required. */
export type Proxied =
  | { readonly kind: "header"; readonly header: ProxyHeader }
  | { readonly kind: "refused"; readonly reason: ProxyRefusal | "late" | "closed" };

/** Reads the header that a connection has to begin with. What follows it, or is refused, stays the caller's to serve or to close. */
export async function readProxied(socket: Socket, limits: GatewayLimits): Promise<Proxied> {
  const decide = (bytes: Buffer): Decision<Proxied> => {
    const reading = parseProxyHeader(bytes, limits);
    switch (reading.kind) {
      case "incomplete":
        return undefined;
      case "header":
        return { answer: { kind: "header", header: reading.header }, usedBytes: reading.length };
      case "refused":
        return { answer: reading, usedBytes: bytes.length };
    }
  };
  const answer = await readFirstBytes(socket, { decide, timeoutMs: limits.proxyHeaderTimeoutMs });
  return typeof answer === "string" ? { kind: "refused", reason: answer } : answer;
}
