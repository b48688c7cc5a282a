/** Stable. Documented in docs/errors.md, one heading a code; `reason` of google.rpc.ErrorInfo in an answer. */
export type ApiReason =
  | "BODY_NOT_JSON"
  | "BODY_TOO_LARGE"
  | "CONTENT_TYPE_UNSUPPORTED"
  | "ENVIRONMENT_EXISTS"
  | "ENVIRONMENT_NOT_FOUND"
  | "FIELDS_INVALID"
  | "HEADERS_INVALID"
  | "HOST_NOT_ALLOWED"
  | "CONTROL_FAULT"
  | "METHOD_NOT_ALLOWED"
  | "OPERATION_NOT_FOUND"
  | "ORGANIZATION_EXISTS"
  | "ORGANIZATION_NOT_EMPTY"
  | "ORGANIZATION_NOT_FOUND"
  | "PATH_NOT_FOUND"
  | "PREVIEW_STALE"
  | "QUERY_INVALID"
  | "REQUEST_MALFORMED"
  | "REVISION_NOT_FOUND"
  | "REVISION_STALE"
  | "ROUTE_EXISTS"
  | "ROUTE_NOT_FOUND"
  | "ROUTE_PLACE_TAKEN"
  | "TOO_MANY_ENVIRONMENTS"
  | "TOO_MANY_ORGANIZATIONS"
  | "TOO_MANY_ROUTES"
  | "TOO_MANY_STREAMS";

/** Stable. The `reason` of a field violation, beside the library's policy codes. */
export type FieldReason = "FIELD_INVALID" | "FIELD_UNKNOWN" | "FIELD_IMMUTABLE" | "MASK_PATH_INVALID";
