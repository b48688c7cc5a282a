/** Stable. Documented in docs/errors.md, one heading a code. */
export type FactIssueCode = "FACTS_NOT_AN_OBJECT" | "FACTS_SIGNAL_UNKNOWN" | "FACTS_VALUE_INVALID" | "FACTS_CONTRADICT";

/** One fault of the facts that a diagnosis was given: where, what was expected, what was given. */
export type FactIssue = {
  readonly code: FactIssueCode;
  /** JSON pointer (RFC 6901) into the facts; the empty text is the whole. Safe to print. */
  readonly pointer: string;
  readonly expected: string;
  /** What stands there, as JSON, escaped and shortened. */
  readonly given: string;
  /** The three in one line. */
  readonly message: string;
};
