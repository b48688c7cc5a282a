/** Stable. Why an access log cannot be read; documented in docs/errors.md. */
export type LogErrorCode =
  | "LOGS_FORMAT_INVALID"
  | "LOGS_FORMAT_UNKNOWN"
  | "LOGS_FORMAT_AMBIGUOUS"
  | "LOGS_FIELD_INVALID"
  | "LOGS_UNREADABLE";

/** An access log, or the description of one, that cannot be read. A line that cannot be read is no error: it is counted. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
