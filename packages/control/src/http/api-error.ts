import { type FieldViolation, RPC_STATUSES, type RpcError, type RpcStatus } from "@wherefrom/model";
import type { ApiReason } from "./api-reason.ts";
import { type Presentation, writeJson } from "./presentation.ts";

type Verdict = { readonly status: RpcStatus; readonly httpStatus?: number };

/** HTTP has statuses that google.rpc.Code has not: there the HTTP status is the finer one. */
const VERDICTS: Readonly<Record<ApiReason, Verdict>> = {
  ACCESS_DENIED: { status: "PERMISSION_DENIED" },
  BODY_NOT_JSON: { status: "INVALID_ARGUMENT" },
  BODY_TOO_LARGE: { status: "INVALID_ARGUMENT", httpStatus: 413 },
  CLIENT_GONE: { status: "CANCELLED" },
  CONTENT_TYPE_UNSUPPORTED: { status: "INVALID_ARGUMENT", httpStatus: 415 },
  DEBUG_SESSION_NOT_FOUND: { status: "NOT_FOUND" },
  DEBUG_TRANSACTION_NOT_FOUND: { status: "NOT_FOUND" },
  CREDENTIALS_INVALID: { status: "UNAUTHENTICATED" },
  CREDENTIALS_MISSING: { status: "UNAUTHENTICATED" },
  ENVIRONMENT_EXISTS: { status: "ALREADY_EXISTS" },
  ENVIRONMENT_NOT_FOUND: { status: "NOT_FOUND" },
  EVENT_STORE_ABSENT: { status: "UNAVAILABLE" },
  FIELDS_INVALID: { status: "INVALID_ARGUMENT" },
  HEADERS_INVALID: { status: "INVALID_ARGUMENT" },
  HOST_NOT_ALLOWED: { status: "PERMISSION_DENIED" },
  CONTROL_FAULT: { status: "INTERNAL" },
  IDENTITY_PROVIDER_UNAVAILABLE: { status: "UNAVAILABLE" },
  METHOD_NOT_ALLOWED: { status: "UNIMPLEMENTED", httpStatus: 405 },
  OPERATION_NOT_FOUND: { status: "NOT_FOUND" },
  ORGANIZATION_EXISTS: { status: "ALREADY_EXISTS" },
  ORGANIZATION_NOT_EMPTY: { status: "FAILED_PRECONDITION" },
  ORGANIZATION_NOT_FOUND: { status: "NOT_FOUND" },
  PATH_NOT_FOUND: { status: "NOT_FOUND" },
  PREVIEW_STALE: { status: "ABORTED", httpStatus: 412 },
  PROBING_OFF: { status: "FAILED_PRECONDITION" },
  QUERY_INVALID: { status: "INVALID_ARGUMENT" },
  QUERY_NOT_COMPLETED: { status: "FAILED_PRECONDITION" },
  QUERY_NOT_FOUND: { status: "NOT_FOUND" },
  REQUEST_MALFORMED: { status: "INVALID_ARGUMENT" },
  REVISION_NOT_FOUND: { status: "NOT_FOUND" },
  REVISION_STALE: { status: "ABORTED", httpStatus: 412 },
  ORIGIN_REFUSED: { status: "PERMISSION_DENIED" },
  PEER_NOT_ALLOWED: { status: "PERMISSION_DENIED" },
  ROLLOUT_ABSENT: { status: "FAILED_PRECONDITION" },
  ROLLOUT_UNDER_WAY: { status: "FAILED_PRECONDITION" },
  ROUTE_EXISTS: { status: "ALREADY_EXISTS" },
  ROUTE_NOT_FOUND: { status: "NOT_FOUND" },
  ROUTE_PLACE_TAKEN: { status: "ALREADY_EXISTS" },
  SECURITY_ACTION_EXISTS: { status: "ALREADY_EXISTS" },
  SECURITY_ACTION_NOT_FOUND: { status: "NOT_FOUND" },
  SECURITY_ACTION_STATE: { status: "FAILED_PRECONDITION" },
  SECURITY_INCIDENT_NOT_FOUND: { status: "NOT_FOUND" },
  SECURITY_INCIDENT_SHARED: { status: "FAILED_PRECONDITION" },
  TOO_MANY_DEBUG_SESSIONS: { status: "FAILED_PRECONDITION" },
  PREVIEW_TOO_LARGE: { status: "INVALID_ARGUMENT" },
  STATS_TOO_LARGE: { status: "INVALID_ARGUMENT" },
  STORE_OUTCOME_UNKNOWN: { status: "UNAVAILABLE" },
  STORE_UNAVAILABLE: { status: "UNAVAILABLE" },
  TOKEN_EXISTS: { status: "ALREADY_EXISTS" },
  TOKEN_NOT_FOUND: { status: "NOT_FOUND" },
  SESSION_NEEDS_TOKEN: { status: "FAILED_PRECONDITION" },
  SESSION_NOT_FOUND: { status: "NOT_FOUND" },
  TOO_MANY_AUTH_FAILURES: { status: "RESOURCE_EXHAUSTED" },
  TOO_MANY_ENVIRONMENTS: { status: "FAILED_PRECONDITION" },
  TOO_MANY_ORGANIZATIONS: { status: "FAILED_PRECONDITION" },
  TOO_MANY_PROBES: { status: "RESOURCE_EXHAUSTED" },
  TOO_MANY_QUERIES: { status: "RESOURCE_EXHAUSTED" },
  TOO_MANY_ROUTES: { status: "FAILED_PRECONDITION" },
  TOO_MANY_SECURITY_ACTIONS: { status: "FAILED_PRECONDITION" },
  TOO_MANY_STREAMS: { status: "RESOURCE_EXHAUSTED" },
  TOO_MANY_TOKENS: { status: "FAILED_PRECONDITION" },
};

/** A request that the API does not carry out. Becomes Google's error envelope. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  readonly reason: ApiReason;
  readonly violations: readonly FieldViolation[];
  /** Header fields that the answer has beside the usual ones. */
  readonly headers: Readonly<Record<string, string>> = {};

  constructor(reason: ApiReason, message: string, violations: readonly FieldViolation[] = []) {
    super(message);
    this.reason = reason;
    this.violations = violations;
  }
}

export function pathNotFound(path: string): ApiError {
  return new ApiError("PATH_NOT_FOUND", `Path: Expected one of those in /openapi.json, received ${JSON.stringify(path)}`);
}

export function organizationNotFound(name: string): ApiError {
  return new ApiError("ORGANIZATION_NOT_FOUND", `Organization: Expected one that exists, received ${JSON.stringify(name)}`);
}

export type FaultsReason = "FIELDS_INVALID" | "QUERY_INVALID" | "HEADERS_INVALID";

/** How many faults an answer names, and how many more there are it says. A body can have one for every few bytes. */
const MAX_TOLD_FAULTS = 100;

/** Throws when there are faults, all of them in one error. */
export function refuseFaults(violations: readonly FieldViolation[], reason: FaultsReason = "FIELDS_INVALID"): void {
  if (violations.length === 0) return;
  const told = violations.slice(0, MAX_TOLD_FAULTS);
  const lines = told.map(({ field, description }) => (field === "" ? description : `${field}: ${description}`));
  if (told.length < violations.length) lines.push(`And ${violations.length - told.length} more`);
  throw new ApiError(reason, lines.join("\n"), told);
}

/**
 * Google's error envelope, with our stable code as the reason of its ErrorInfo.
 *
 * Source: AIP-193; the list `errors` of the first format: Google APIs, `$.xgafv`.
 */
export function errorAnswer(error: ApiError, requestId: string, presentation: Presentation): Response {
  const { status, httpStatus } = VERDICTS[error.reason];
  const code = httpStatus ?? RPC_STATUSES[status];
  const { message, reason, violations } = error;
  const body: RpcError = {
    error: {
      code,
      message,
      ...(presentation.hasErrorList && { errors: [{ message, domain: "wherefrom", reason }] }),
      status,
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "wherefrom" },
        { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId },
      ],
    },
  };
  if (violations.length > 0) {
    body.error.details.push({ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [...violations] });
  }
  const answer = writeJson(body, { presentation, status: code });
  for (const [name, value] of Object.entries(error.headers)) answer.headers.set(name, value);
  return answer;
}
