import { describeIssues, type JsonIssue } from "./json-issue.ts";

/** Why a gateway cannot start or cannot go on. Stable; documented in docs/errors.md. */
export type GatewayErrorCode =
  | "GATEWAY_PORT_IN_USE"
  | "GATEWAY_PORT_DENIED"
  | "GATEWAY_ADDRESS_UNAVAILABLE"
  | "GATEWAY_SOCKET_IN_USE"
  | "GATEWAY_SOCKET_DENIED"
  | "GATEWAY_LISTEN_FAILED"
  | "GATEWAY_LIMIT_INVALID"
  | "GATEWAY_LISTENER_INVALID"
  | "GATEWAY_GEO_DATABASE_UNUSABLE"
  | "GATEWAY_CERTIFICATE_UNUSABLE"
  | "GATEWAY_FILE_UNREADABLE"
  | "GATEWAY_FILE_INVALID"
  | "GATEWAY_SNAPSHOT_UNREADABLE"
  | "GATEWAY_SNAPSHOT_INVALID"
  | "GATEWAY_SNAPSHOT_MISSING"
  | "GATEWAY_WORKER_FAILED"
  | "GATEWAY_CONTROL_UNPROTECTED"
  | "GATEWAY_CONTROL_URL_INVALID"
  | "GATEWAY_SIGNED_HOP_INVALID"
  | "GATEWAY_SECRET_UNUSABLE"
  | "GATEWAY_LOG_UNWRITABLE"
  | "GATEWAY_EVENTS_UNWRITABLE";

/** Why a client got an answer from the gateway itself and not from a target. Stable; documented in docs/errors.md. */
export type FaultCode =
  | "REQUEST_MALFORMED"
  | "REQUEST_HOST_INVALID"
  | "REQUEST_TARGET_INVALID"
  | "REQUEST_TARGET_TOO_LONG"
  | "REQUEST_FRAMING_INVALID"
  | "REQUEST_BODY_TOO_LARGE"
  | "REQUEST_EXPECTATION_UNKNOWN"
  | "REQUEST_VERSION_UNSUPPORTED"
  | "REQUEST_METHOD_REFUSED"
  | "REQUEST_TIMEOUT"
  | "REQUEST_LOOP"
  | "HEADERS_TOO_LARGE"
  | "TOO_MANY_HEADER_FIELDS"
  | "REQUEST_FIELD_REPEATED"
  | "UPGRADE_REFUSED"
  | "UPGRADE_HEAD_TOO_LARGE"
  | "WEBSOCKET_VERSION_UNSUPPORTED"
  | "CLIENT_STALLED"
  | "CLIENT_ADDRESS_UNKNOWN"
  | "CLIENT_DENIED"
  | "DECISION_PEER_REFUSED"
  | "DECISION_REQUEST_INVALID"
  | "NO_ROUTE"
  | "UPSTREAM_REFUSED"
  | "UPSTREAM_UNREACHABLE"
  | "UPSTREAM_CONNECT_TIMEOUT"
  | "UPSTREAM_TIMEOUT"
  | "UPSTREAM_TOTAL_TIMEOUT"
  | "UPSTREAM_TLS_FAILED"
  | "UPSTREAM_BROKEN"
  | "UPSTREAM_UPGRADE_INVALID"
  | "GATEWAY_OVERLOADED"
  | "GATEWAY_FAULT";

/** Why the admin listener did not answer as asked. Stable; documented in docs/errors.md. */
export type AdminFaultCode = "ADMIN_HOST_REFUSED" | "ADMIN_METHOD_REFUSED" | "ADMIN_PATH_UNKNOWN" | "ADMIN_FAULT";

/** What happened beside the exchanges. Stable; documented in docs/errors.md. */
export type NoticeCode =
  | "SNAPSHOT_APPLIED"
  | "SNAPSHOT_REFUSED"
  | "GEO_DATABASE_MISSING"
  | "SNAPSHOT_UNTRUSTED"
  | "SNAPSHOT_UNVERIFIED"
  | "SNAPSHOT_KEY_PINNED"
  | "SNAPSHOT_KEPT_SERVED"
  | "SNAPSHOT_KEPT_UNUSABLE"
  | "SNAPSHOT_NOT_KEPT"
  | "SNAPSHOT_WITHDRAWN"
  | "RANGES_REFUSED"
  | "CONTROL_CONNECTED"
  | "CONTROL_LOST"
  | "CONTROL_CLOCK_APART"
  | "CONTROL_POLLING"
  | "CONTROL_REPORT_FAILED"
  | "DEBUG_TRANSACTION_LOST"
  | "WORKER_DIED"
  | "WORKER_FAILED"
  | "WORKER_RESTARTED"
  | "WORKERS_REPLACED"
  | "WORKERS_NOT_REPLACED"
  | "CONNECTION_DROPPED"
  | "HTTP2_EXCESS"
  | "PROXY_PEER_REFUSED"
  | "CERTIFICATE_LOADED"
  | "CERTIFICATE_REFUSED"
  | "CERTIFICATE_EXPIRES"
  | "PROXY_HEADER_REFUSED"
  | "TARGET_EJECTED"
  | "TARGET_RECOVERED"
  | "OVERLOADED"
  | "OVERLOAD_OVER"
  | "EVENT_LOOP_LATE"
  | "RECORD_FAILED"
  | "SIGNED_HOP_REFUSED"
  | "ACCESS_LOG_FAILED"
  | "ACCESS_LOG_REOPENED"
  | "EVENTS_LOST"
  | "EVENTS_NOT_SENT"
  | "EXCHANGE_FAILED"
  | "DRAIN_CUT";

/** A gateway that cannot run. Its message is one line that names the way out. Not what a client of the gateway gets: that is a `Fault`. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;
  /** The message without the issues, for who shows each in a line of its own. */
  readonly headline: string;
  /** All faults of a configuration that is not valid: a snapshot, a gateway file, limits, listeners. */
  readonly issues: readonly JsonIssue[];

  constructor(code: GatewayErrorCode, headline: string, issues: readonly JsonIssue[] = []) {
    super(issues.length === 0 ? headline : `${headline}: ${describeIssues(issues)}`);
    this.code = code;
    this.headline = headline;
    this.issues = issues;
  }
}
