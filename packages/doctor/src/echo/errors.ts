/** Stable. Documented in docs/errors.md, one heading a code. */
export type EchoErrorCode = "ECHO_NO_TCPDUMP";

/** An echo that cannot do what it was asked for. Not thrown for a request. */
export class EchoError extends Error {
  override readonly name = "EchoError";
  readonly code: EchoErrorCode;

  constructor(code: EchoErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
