import { z } from "zod";
import { GatewayError } from "./errors.ts";
import { shapeIssues } from "./json-issue.ts";

/**
 * What one gateway takes before it refuses. Each limit carries its unit in its name: `Ms` milliseconds, `Bytes` octets, a plain
 * plural a count. None can be switched off; `preStopDelayMs` may be 0, as it is a courtesy and no protection.
 */
export type GatewayLimits = {
  /** Header fields of one request; more is answered 431. Node 20 keeps about 1,000 and silently drops the rest, so Node does not count. */
  readonly maxHeaderFields: number;
  /** Request target and header fields of one request together (431), and the header of one upstream response (502). */
  readonly maxHeaderBytes: number;
  /** Name and value of one header field together (431). As large as the whole header may be: a long X-Forwarded-For is read from the right and costs nothing. */
  readonly maxFieldBytes: number;
  /** Request target; a longer one is answered 414. */
  readonly maxTargetBytes: number;
  /** Request body; a larger one is answered 413. It is never held, only passed on. */
  readonly maxBodyBytes: number;
  /** From the first byte of a request to the end of its header; then 408. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last byte of its body; then 408. At least `headersTimeoutMs`. */
  readonly requestTimeoutMs: number;
  /** How long an idle client connection stays open. Longer than the usual 60 s of load balancers, so that they close first. */
  readonly keepAliveTimeoutMs: number;
  /** How long a client may take for what was written to it in one go, up to 192 KiB of a large body; then it is cut. */
  readonly responseStallTimeoutMs: number;
  /** Requests on one connection; the last of them closes it. */
  readonly maxRequestsPerConnection: number;
  /** Requests that a client may send ahead on one connection; behind so many the connection takes no more, and closes when they are answered. */
  readonly maxPipelinedRequests: number;
  /** How long a connection that the gateway has ended waits for the client to end it too, so that its last answer is heard. */
  readonly lingerTimeoutMs: number;
  /** Client connections at one time; a further one is closed at once. */
  readonly maxConnections: number;
  /** Requests being answered at one time; a further one is answered 503. */
  readonly maxExchanges: number;
  /** How late the event loop may be: more at the median is too much to do, more at the 99th percentile is told. */
  readonly maxLoopDelayMs: number;
  /** How often the gateway looks whether it has too much to do. */
  readonly overloadIntervalMs: number;
  /** A TLS handshake, from its first byte or the end of a PROXY protocol header; then the connection is closed. */
  readonly tlsHandshakeTimeoutMs: number;
  /** TLS handshakes under way on one listener; a further connection is closed at once. */
  readonly maxTlsHandshakes: number;
  /** How often the files of a certificate are looked at. */
  readonly certificateCheckMs: number;
  /** Requests that a client may have open on one HTTP/2 connection; a further one is refused and can be sent again. */
  readonly maxHttp2Streams: number;
  /** Streams that a client may reset on one HTTP/2 connection within ten seconds, and frames that are errors; on more it is closed. */
  readonly maxHttp2Resets: number;
  /** Frames other than data, header and window updates that a client may send on one HTTP/2 connection within ten seconds; on more it is closed. */
  readonly maxHttp2ControlFrames: number;
  /** How much of one request body a client may send over HTTP/2 before the target takes it. */
  readonly http2StreamWindowBytes: number;
  /** The same for all bodies of one HTTP/2 connection together. */
  readonly http2ConnectionWindowBytes: number;
  /** From a connection to the end of its PROXY protocol header, where one is required; then it is closed. */
  readonly proxyHeaderTimeoutMs: number;
  /** A PROXY protocol header of version 2 with its additions; on a longer one the connection is closed. One of version 1 has at most 107 bytes. */
  readonly maxProxyHeaderBytes: number;
  /** Additions (TLVs) in a PROXY protocol header of version 2, nested ones included; on more the connection is closed. */
  readonly maxProxyTlvs: number;
  /** How often a request may have been through a gateway already, by `CDN-Loop`; then 508. */
  readonly maxGatewayPasses: number;
  /** Connecting to a target, TLS handshake included; then 504. */
  readonly connectTimeoutMs: number;
  /** From the request sent to the header of the target's response; then 504. */
  readonly upstreamHeadersTimeoutMs: number;
  /** Silence inside a response body; then the response is cut off, as its status has been sent. */
  readonly bodyTimeoutMs: number;
  /** Connections to one target origin, WebSockets not counted; a further request waits for a free one. */
  readonly maxUpstreamConnections: number;
  /** How long a connection to a target is kept for the next request; of HTTP/1.1 two seconds less than its `Keep-Alive: timeout` says, where it says any. */
  readonly upstreamKeepAliveTimeoutMs: number;
  readonly upstreamHttp2IdleTimeoutMs: number;
  /** How long a target may take to say 100 Continue, where the client waits for it; then the client is told to go on. */
  readonly continueTimeoutMs: number;
  /** How old the last good addresses of a target's name may be while name servers do not answer, and of how many names they are kept. */
  readonly maxAddressAgeMs: number;
  readonly maxAddressNames: number;
  /** Failures of a target in a row that eject it: requests then go to the route's other targets for a time. */
  readonly maxTargetFailures: number;
  /** Share of a target's requests that fail within `targetWindowMs` and eject it, of at least `minTargetRequests`. */
  readonly maxTargetFailurePercent: number;
  readonly minTargetRequests: number;
  readonly targetWindowMs: number;
  /** How long a target is ejected for the first time; twice as long each time it fails again, up to `maxEjectionTimeMs`. */
  readonly ejectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  /** Interim (1xx) responses to one request; more is answered 502. Of them 100 is passed on to who waits for it, 103 over HTTP/2. */
  readonly maxInterimResponses: number;
  /** What a client may send behind its WebSocket handshake before it is answered; more is answered 400. */
  readonly maxUpgradeHeadBytes: number;
  /** How long a WebSocket may be silent in both directions; then it is cut. */
  readonly webSocketIdleTimeoutMs: number;
  /** How long one side of a WebSocket stays open after the other has ended. */
  readonly halfCloseTimeoutMs: number;
  /** Value of `X-Wherefrom-Explanation`, and less where the header would grow past `maxHeaderBytes`; variables and hops are left out until it fits. Below the 8 KiB a field that common servers take. */
  readonly maxExplanationBytes: number;
  /** How far the time of issue of a signed hop and the clock of this gateway may lie apart, in either direction. */
  readonly signedHopWindowMs: number;
  /** Signed hops that are remembered while they are fresh, so that none counts twice; a further one is not believed. At most about 100 bytes each. */
  readonly maxSignedHops: number;
  /** Lines of the access log that wait to be written; further ones are dropped and counted. */
  readonly maxAccessLogBytes: number;
  /** How long closing, or opening anew, waits for lines of the access log, and closing for events; then they are dropped and counted. */
  readonly accessLogTimeoutMs: number;
  /** Events that wait to be written to the spool; further ones are dropped and counted. */
  readonly maxWaitingEventBytes: number;
  /** How long an event waits at most until it is written to the spool: what is lost when the process is killed. */
  readonly eventIntervalMs: number;
  /** Batches in one spool of events; for more, the oldest are removed and counted. */
  readonly maxEventSpoolBytes: number;
  /** Longest pause before events that control did not take are sent again. */
  readonly maxEventPauseMs: number;
  /** How long a worker may say nothing to its primary, which asks every second; then it is killed, and another takes its place. */
  readonly maxWorkerSilenceMs: number;
  /** How long `openGateway` waits for its first valid snapshot. */
  readonly firstSnapshotTimeoutMs: number;
  /** How long `close` goes on as before once it has said that it is not ready any more: until load balancers have heard it. The only limit that may be 0. */
  readonly preStopDelayMs: number;
  /** How long `close` then lets requests in flight finish and WebSockets end. */
  readonly drainTimeoutMs: number;
  /** How long of that an idle connection stays open for a request that is on its way already; over HTTP/2 also one that closes for another reason. */
  readonly idleGraceMs: number;
};

/** The limits of a gateway that was told nothing else. */
export const defaultLimits: GatewayLimits = {
  maxHeaderFields: 100,
  maxHeaderBytes: 16_384,
  maxFieldBytes: 16_384,
  maxTargetBytes: 8_192,
  maxBodyBytes: 1_073_741_824,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  responseStallTimeoutMs: 60_000,
  maxRequestsPerConnection: 10_000,
  maxPipelinedRequests: 64,
  lingerTimeoutMs: 2_000,
  maxConnections: 10_000,
  maxExchanges: 10_000,
  maxLoopDelayMs: 500,
  overloadIntervalMs: 500,
  maxHttp2Streams: 100,
  maxHttp2Resets: 200,
  maxHttp2ControlFrames: 1_000,
  http2StreamWindowBytes: 262_144,
  http2ConnectionWindowBytes: 1_048_576,
  tlsHandshakeTimeoutMs: 5_000,
  maxTlsHandshakes: 512,
  certificateCheckMs: 5_000,
  proxyHeaderTimeoutMs: 3_000,
  maxProxyHeaderBytes: 4_096,
  maxProxyTlvs: 64,
  maxGatewayPasses: 8,
  connectTimeoutMs: 5_000,
  upstreamHeadersTimeoutMs: 60_000,
  bodyTimeoutMs: 300_000,
  maxUpstreamConnections: 1_024,
  upstreamKeepAliveTimeoutMs: 4_000,
  upstreamHttp2IdleTimeoutMs: 60_000,
  continueTimeoutMs: 1_000,
  maxAddressAgeMs: 3_600_000,
  maxAddressNames: 1_000,
  maxTargetFailures: 5,
  maxTargetFailurePercent: 50,
  minTargetRequests: 20,
  targetWindowMs: 10_000,
  ejectionTimeMs: 5_000,
  maxEjectionTimeMs: 300_000,
  maxInterimResponses: 16,
  maxUpgradeHeadBytes: 16_384,
  webSocketIdleTimeoutMs: 3_600_000,
  halfCloseTimeoutMs: 30_000,
  maxExplanationBytes: 6_144,
  signedHopWindowMs: 15_000,
  maxSignedHops: 524_288,
  maxAccessLogBytes: 4_194_304,
  accessLogTimeoutMs: 2_000,
  maxWaitingEventBytes: 16_777_216,
  eventIntervalMs: 500,
  maxEventSpoolBytes: 1_073_741_824,
  maxEventPauseMs: 30_000,
  maxWorkerSilenceMs: 30_000,
  firstSnapshotTimeoutMs: 30_000,
  preStopDelayMs: 0,
  drainTimeoutMs: 5_000,
  idleGraceMs: 500,
};

/** The longest time a timer of Node can count; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

const limit = limitFrom(1);

/** Some of the limits, as a gateway file holds them in its section `limits`. */
export const limitsSchema = z
  .strictObject({
    ...(Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, limit])) as Record<keyof GatewayLimits, typeof limit>),
    preStopDelayMs: limitFrom(0),
  })
  .refine(isHeaderWithinRequest, { path: ["headersTimeoutMs"], error: "Expected at most requestTimeoutMs" });

/**
 * The default limits with some of them replaced.
 *
 * Errors: `GATEWAY_LIMIT_INVALID` for an unknown name, or a value that is no whole number from 1 to 2,147,483,647; it lists every fault.
 */
export function withLimits(changes: Partial<GatewayLimits>): GatewayLimits {
  const shape = limitsSchema.safeParse(changes);
  if (shape.success) return { ...defaultLimits, ...changes };
  const issues = shapeIssues(changes, { found: shape.error.issues, code: "GATEWAY_LIMIT_INVALID" });
  throw new GatewayError("GATEWAY_LIMIT_INVALID", "The limits are not valid", issues);
}

function limitFrom(least: number) {
  const expected = `Expected a whole number from ${least} to ${MAX_TIMER_MS}`;
  return z.int(expected).min(least, expected).max(MAX_TIMER_MS, expected).exactOptional();
}

function isHeaderWithinRequest({ headersTimeoutMs, requestTimeoutMs }: Partial<GatewayLimits>): boolean {
  return (headersTimeoutMs ?? defaultLimits.headersTimeoutMs) <= (requestTimeoutMs ?? defaultLimits.requestTimeoutMs);
}
