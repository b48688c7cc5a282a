import { bodyTooLarge, tooManyFields } from "../accept/framing.ts";
import { type Fault, fault } from "../fault.ts";
import { bodyOverLimit, tooManyTrailers } from "./request-body.ts";
import { codeOf } from "./upstream-error.ts";

const refused = fault(502, { code: "UPSTREAM_REFUSED", message: "The target refused the connection" });
const unreachable = fault(502, { code: "UPSTREAM_UNREACHABLE", message: "The target cannot be reached" });
const broken = fault(502, { code: "UPSTREAM_BROKEN", message: "The target gave no valid response" });
const connectTimeout = fault(504, { code: "UPSTREAM_CONNECT_TIMEOUT", message: "The target did not accept the connection in time" });
const totalTimeout = fault(504, {
  code: "UPSTREAM_TOTAL_TIMEOUT",
  message: "The answer was not complete in the time that the route allows",
});
const timeout = fault(504, { code: "UPSTREAM_TIMEOUT", message: "The target did not respond in time" });

const tlsFailed = fault(502, { code: "UPSTREAM_TLS_FAILED", message: "No trusted TLS connection to the target came about" });
const fieldRepeated = fault(400, {
  code: "REQUEST_FIELD_REPEATED",
  message: "A field that may stand only once is repeated, which HTTP/2 to the target cannot carry",
});

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
  ["UPSTREAM_CONNECT_TIMEOUT", connectTimeout],
  ["UPSTREAM_TIMEOUT", timeout],
  ["ERR_HTTP2_HEADER_SINGLE_VALUE", fieldRepeated],
]);

/**
 * What the client is told when a target fails. Anything without a name of its own is a response that cannot be read as HTTP or broke off. RFC 9110 §15.6.3, §15.6.5.
 *
 * The text of `error` stays inside: it names addresses of the network behind the gateway.
 */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error);
  if (error === bodyOverLimit) return bodyTooLarge;
  if (error === tooManyTrailers) return tooManyFields;
  return faults.get(code) ?? (TLS.test(code) ? tlsFailed : broken);
}

/** What OpenSSL and Node call a certificate that does not hold, or a handshake that did not come about. */
const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_|EPROTO$)/;

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
