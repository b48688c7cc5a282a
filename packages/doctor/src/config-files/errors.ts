/** Stable. Documented in docs/errors.md, one heading a code. */
export type ConfigFileErrorCode = "CONFIG_FILE_UNREADABLE" | "CONFIG_ROOT_UNREADABLE";

/** A configuration that cannot be opened. Not thrown for what it includes. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
  readonly code: ConfigFileErrorCode;

  constructor(code: ConfigFileErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
