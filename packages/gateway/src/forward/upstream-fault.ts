import { bodyTooLarge } from "../accept/framing.ts";
import { type Fault, fault } from "../fault.ts";
import { bodyBrokenOff, bodyOverLimit } from "./request-body.ts";

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
export function faultOf(error: unknown): Fault {
  return error === bodyOverLimit ? bodyTooLarge : (faults.get(codeOf(error)) ?? broken);
}

/** Errors of the gateway's own, of a pool that was closed meanwhile, and of a request that undici would not send. */
const OWN: ReadonlySet<string> = new Set([
  "UND_ERR_ABORTED",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
]);

/** Whether a failure says something about the target. */
export function isTargetsFault(error: unknown): boolean {
  return error !== bodyBrokenOff && error !== bodyOverLimit && !OWN.has(codeOf(error));
}

const RESETS: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** Whether a connection was closed or reset under way: an idle one often is, just as a request sets out on it. */
export function isReset(error: unknown): boolean {
  return RESETS.has(codeOf(error));
}

function codeOf(error: unknown): string {
  // A host with several addresses fails with one error that holds an error for each.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error && "code" in first ? String(first.code) : "";
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
