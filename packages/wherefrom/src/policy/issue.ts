/** Stable. Documented in docs/errors.md, one heading a code; a check compares the two lists. */
export type PolicyIssueCode =
  | "POLICY_NOT_JSON"
  | "POLICY_WRONG_TYPE"
  | "POLICY_FIELD_UNKNOWN"
  | "POLICY_FIELD_TWICE"
  | "POLICY_FIELD_MISSING"
  | "POLICY_ALGORITHM_COUNT"
  | "POLICY_HEADER_NAME_INVALID"
  | "POLICY_INDEX_INVALID"
  | "POLICY_TRUST_LIST_EMPTY"
  | "POLICY_PREFIX_INVALID"
  | "POLICY_PREFIX_HOST_BITS"
  | "POLICY_TRUSTS_EVERYONE"
  | "POLICY_PROVIDER_UNKNOWN"
  | "POLICY_FALLBACK_INVALID"
  | "POLICY_GROUP_PREFIX_INVALID"
  | "POLICY_LIST_TOO_LONG";

/** One fault of a policy: where, what was expected, what was given. */
export type PolicyIssue = {
  readonly code: PolicyIssueCode;
  /**
   * JSON pointer (RFC 6901) into the policy: `/headerIndexAlgorithm/ipHeaderIndex`; the empty text is the policy itself. Safe to print: a field name that is
   * not printable ASCII, which no field of a policy has, is escaped and shortened in it.
   */
  readonly pointer: string;
  readonly expected: string;
  /** What stands there, as JSON, escaped and shortened; `nothing` where a field is missing. */
  readonly given: string;
  /** The three in one line. */
  readonly message: string;
};

/** A policy that cannot be used, with all of its faults. Thrown while a policy is parsed, never on a request. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly code = "POLICY_INVALID";
  readonly issues: readonly PolicyIssue[];

  constructor(issues: readonly PolicyIssue[]) {
    const count = issues.length === 1 ? "one fault" : `${issues.length} faults`;
    super([`The policy has ${count}`, ...issues.map((issue) => issue.message)].join("\n"));
    this.issues = issues;
  }
}
