/** Stable. Documented in docs/errors.md, one heading a code. */
export type ProbeErrorCode = "PROBE_NO_ADDRESS" | "PROBE_NO_ANSWER" | "PROBE_OUT_OF_REACH" | "PROBE_STOPPED";

/** A probe that cannot be made. What a single request met is an answer, not an error. */
export class ProbeError extends Error {
  override readonly name = "ProbeError";
  readonly code: ProbeErrorCode;

  constructor(code: ProbeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
