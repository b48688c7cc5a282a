import { bodyBrokenOff, bodyOverLimit, tooManyTrailers } from "./request-body.ts";

/** Why a request to a target failed, by codes: those of Node, OpenSSL and undici, and our own. The text names addresses behind the gateway. */
export function upstreamError(
  code: "UPSTREAM_CONNECT_TIMEOUT" | "UPSTREAM_TIMEOUT" | "UPSTREAM_BROKEN" | "UPSTREAM_CLOSED" | "UPSTREAM_STREAM_REFUSED",
  message: string,
): Error {
  return Object.assign(new Error(message), { code });
}

/** The code of an error, or nothing. */
export function codeOf(error: unknown): string {
  // A host with several addresses fails with one error that holds an error for each.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error && "code" in first ? String(first.code) : "";
}

/** A request that the client library would not send, whatever the target. */
const UNSENDABLE: ReadonlySet<string> = new Set(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED", "ERR_HTTP2_HEADER_SINGLE_VALUE"]);

/** Whether another attempt would fail in the same way. */
export function isUnsendable(error: unknown): boolean {
  return UNSENDABLE.has(codeOf(error));
}

/** The gateway gave up, or has closed the connection itself. */
const OWN: ReadonlySet<string> = new Set([
  "UND_ERR_ABORTED",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_GOAWAY_SESSION",
]);

const CLIENTS: ReadonlySet<unknown> = new Set([bodyBrokenOff, bodyOverLimit, tooManyTrailers]);

/** Whether a failure says something about the target. */
export function isTargetsFault(error: unknown): boolean {
  return !CLIENTS.has(error) && !OWN.has(codeOf(error)) && !isUnsendable(error);
}

const RESETS: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "UPSTREAM_CLOSED"]);

/** Whether a connection was closed or reset under way: an idle one often is, just as a request sets out on it. */
export function isReset(error: unknown): boolean {
  return RESETS.has(codeOf(error));
}

/** Whether the target has said that it did nothing about the request (RFC 9113 §8.7). */
export function wasNotTaken(error: unknown): boolean {
  return codeOf(error) === "UPSTREAM_STREAM_REFUSED";
}
