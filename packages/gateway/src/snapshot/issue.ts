import type { PolicyIssueCode } from "wherefrom";

/** What is wrong with a snapshot beside its policy. Stable; documented in docs/errors.md. */
export type SnapshotIssueCode = "SNAPSHOT_FIELD_INVALID" | "SNAPSHOT_ROUTE_NAME_TWICE" | "SNAPSHOT_ROUTES_OVERLAP";

/** One fault of a snapshot. The shape of the library's policy issues, so that both stand in one list. */
export type SnapshotIssue = {
  readonly code: SnapshotIssueCode | PolicyIssueCode;
  /** Where in the snapshot, as a JSON pointer: `/routes/0/target`. */
  readonly pointer: string;
  readonly expected: string;
  readonly given: string;
  readonly message: string;
};
