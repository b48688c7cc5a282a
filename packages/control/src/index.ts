export { resetAdminToken } from "./access/reset-admin-token.ts";
export { type Control, type ControlOptions, openControl } from "./control.ts";
export { ControlError, type ControlErrorCode } from "./errors.ts";
export type { ApiReason, FieldReason } from "./http/api-reason.ts";
export type { ControlLimits } from "./limits.ts";
export type { ControlNotice } from "./notice.ts";
export type { ProbeAnswer, Prober } from "./probing.ts";
export type { EnvironmentSeed } from "./seed.ts";
export { openSnapshotKey, type SnapshotKey, type SnapshotKeyPlace } from "./snapshot-key.ts";
