/** Stable. Why the lab cannot be opened; documented in docs/errors.md. */
export type LabErrorCode = "LAB_NOT_POSSIBLE" | "LAB_FAILED";

/** The lab cannot be opened here, or did not do what it is built to do. */
export class LabError extends Error {
  override readonly name = "LabError";
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
