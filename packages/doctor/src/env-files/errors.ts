/** Stable. Documented in docs/errors.md, one heading a code. */
export type EnvScanErrorCode = "ENV_FOLDER_UNREADABLE" | "ENV_FOLDER_REFUSED";

/** A folder that cannot be looked through. Not thrown for anything inside of it. */
export class EnvScanError extends Error {
  override readonly name = "EnvScanError";
  readonly code: EnvScanErrorCode;

  constructor(code: EnvScanErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
