/** Stable. Documented in docs/errors.md, one heading a code. */
export type RangeIssueCode =
  | "RANGES_NOT_A_LIST"
  | "RANGES_EMPTY"
  | "RANGES_PREFIX_INVALID"
  | "RANGES_HOST_BITS"
  | "RANGES_TOO_WIDE"
  | "RANGES_NOT_PUBLIC"
  | "RANGES_SHRUNK"
  | "RANGES_OLDER"
  | "RANGES_FROM_FUTURE"
  | "RANGES_DIGEST_MISMATCH"
  | "RANGES_PROVIDER_FIXED"
  | "RANGES_FILE_UNREADABLE"
  | "RANGES_FILE_UNWRITABLE";

/** One reason why a list of ranges is refused. */
export type RangeIssue = { readonly code: RangeIssueCode; readonly message: string };

/** Makes an issue; its code stands at the end of the message. */
export function rangeIssue(code: RangeIssueCode, message: string): RangeIssue {
  return { code, message: `${message} (${code})` };
}
