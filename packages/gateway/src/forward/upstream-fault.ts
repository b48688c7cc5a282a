import { type Fault, fault } from "../fault.ts";

const refused = fault(502, { code: "UPSTREAM_REFUSED", message: "The target refused the connection" });
const unreachable = fault(502, { code: "UPSTREAM_UNREACHABLE", message: "The target cannot be reached" });
const broken = fault(502, { code: "UPSTREAM_BROKEN", message: "The target gave no valid response" });
const connectTimeout = fault(504, { code: "UPSTREAM_CONNECT_TIMEOUT", message: "The target did not accept the connection in time" });
const totalTimeout = fault(504, {
  code: "UPSTREAM_TOTAL_TIMEOUT",
  message: "The answer was not complete in the time that the route allows",
});
const timeout = fault(504, { code: "UPSTREAM_TIMEOUT", message: "The target did not respond in time" });

const faults: ReadonlyMap<string, Fault> = new Map([
  ["ECONNREFUSED", refused],
  ["ENOTFOUND", unreachable],
  ["EAI_AGAIN", unreachable],
  ["EHOSTUNREACH", unreachable],
  ["ENETUNREACH", unreachable],
  ["EADDRNOTAVAIL", unreachable],
  ["ETIMEDOUT", connectTimeout],
  ["UND_ERR_CONNECT_TIMEOUT", connectTimeout],
  ["UND_ERR_HEADERS_TIMEOUT", timeout],
  ["UND_ERR_BODY_TIMEOUT", timeout],
]);

/**
 * What the client is told when a target fails. Anything without a name of its own is a response that cannot be read as HTTP or broke off. RFC 9110 §15.6.3, §15.6.5.
 *
 * The text of `error` stays inside: it names addresses of the network behind the gateway.
 */
export function upstreamFault(error: unknown): Fault {
  // A host with several addresses fails with one error that holds an error for each.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && "code" in first ? String(first.code) : "";
  return faults.get(code) ?? broken;
}

/** The target answered a handshake as no WebSocket server does. */
export const invalidUpgrade: Fault = fault(502, {
  code: "UPSTREAM_UPGRADE_INVALID",
  message: "The target did not complete the WebSocket handshake",
});

/** The target sent a response that no client could be given. */
export const brokenResponse: Fault = broken;

/** Connecting took too long. */
export const upstreamConnectTimeout: Fault = connectTimeout;

/** All that was done for the request together took too long. */
export const upstreamTotalTimeout: Fault = totalTimeout;

/** The target took the request and said nothing in time. */
export const upstreamTimeout: Fault = timeout;
