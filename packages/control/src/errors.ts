/** Stable. Documented in docs/errors.md, one heading a code. */
export type ControlErrorCode =
  | "CONTROL_NOT_LOOPBACK"
  | "CONTROL_NAME_MISSING"
  | "CONTROL_ACCESS_OFF"
  | "CONTROL_PROXY_INVALID"
  | "CONTROL_CERTIFICATE_UNUSABLE"
  | "CONTROL_PORT_IN_USE"
  | "CONTROL_PORT_DENIED"
  | "CONTROL_ADDRESS_UNAVAILABLE"
  | "CONTROL_ORGANIZATION_INVALID"
  | "CONTROL_DATABASE_UNSUPPORTED"
  | "CONTROL_DATABASE_UNWRITABLE"
  | "CONTROL_DATABASE_UNREACHABLE"
  | "CONTROL_DATABASE_DENIED"
  | "CONTROL_DATABASE_IN_USE"
  | "CONTROL_DATABASE_NOT_OURS"
  | "CONTROL_DATABASE_NEWER"
  | "CONTROL_SNAPSHOT_KEY_UNUSABLE"
  | "CONTROL_OIDC_INVALID"
  | "CONTROL_ENVIRONMENT_INVALID";

/** Control cannot open. Its message is one line that says the way out. Never thrown for what a client of the API sent. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
