import type { PolicyIssueCode } from "wherefrom";
import type { JsonIssue } from "../json-issue.ts";

/** What is wrong with a snapshot beside its policy. Stable; documented in docs/errors.md. */
export type SnapshotIssueCode =
  | "SNAPSHOT_FIELD_INVALID"
  | "SNAPSHOT_ROUTE_NAME_TWICE"
  | "SNAPSHOT_ROUTES_OVERLAP"
  | "SNAPSHOT_TLS_UNUSABLE"
  | "SNAPSHOT_UNSTABLE"
  | "SNAPSHOT_UNSIGNED"
  | "SNAPSHOT_KEY_UNKNOWN"
  | "SNAPSHOT_SIGNATURE_WRONG"
  | "SNAPSHOT_OLDER"
  | "SNAPSHOT_ENVIRONMENT_WRONG";

/** One fault of a snapshot. */
export type SnapshotIssue = JsonIssue<SnapshotIssueCode | PolicyIssueCode>;
