export { type AbuseDetectionSettings, type AbuseRuleSettings, DEFAULT_ABUSE_DETECTION, providerNamedBy } from "./abuse-settings.ts";
export {
  createdTokenSchema,
  EVERY_ORGANIZATION,
  type Grant,
  grantSchema,
  ROLES,
  type Role,
  TOKEN_FIELDS,
  type Token,
  tokenSchema,
} from "./access.ts";
export {
  type AdvisedPolicy,
  type ReportOptions,
  reachesSeverity,
  type SarifLog,
  toGithubAnnotations,
  toSarif,
  toText,
} from "./advisory-report.ts";
export {
  AUDIT_ORIGIN,
  type AuditEntry,
  type AuditFault,
  type AuditHead,
  auditEntrySchema,
  auditFaults,
  hashOf,
  sealAuditEntry,
  versionedOf,
} from "./audit.ts";
export type { BotReason } from "./bot-reason.ts";
export { canonicalJson } from "./canonical-json.ts";
export { claimsClient, hyphenated, policyHeaders } from "./client-headers.ts";
export { type Condition, type ConditionReading, parseCondition, type ReadVariable } from "./condition.ts";
export {
  DEBUG_VARIABLES,
  type DebugPoint,
  type DebugResult,
  type DebugTransaction,
  type DeliveredTransaction,
  debugSessionSchema,
  debugTransactionSchema,
  deliveredTransactionSchema,
  maskedVariableSchema,
  REQUEST_VARIABLES,
  type RecordedSession,
} from "./debug-session.ts";
export {
  type Environment,
  type EnvironmentSettings,
  environmentNameSchema,
  environmentSchema,
  environmentSettingsSchema,
} from "./environment.ts";
export { DEFAULT_EVENT_SETTINGS, type EventSettings } from "./event-settings.ts";
export { type FlowVariableSource, flowVariable, flowVariables, flowVariableTable } from "./flow-variables.ts";
export {
  type FallbackCounts,
  type GatewayReport,
  gatewayReportSchema,
  type RevisionCounts,
  refusedSnapshotSchema,
} from "./gateway-report.ts";
export { int64Schema } from "./int64.ts";
export { diffJson, type JsonChange, jsonChangeSchema } from "./json-diff.ts";
export { type ActionWarning, actionWarnings } from "./judge/action-warnings.ts";
export { AddressIndex } from "./judge/address-index.ts";
export { type Clocks, type Ending, Endings } from "./judge/endings.ts";
export { type Judgement, type Looked, type Place, SecurityActions } from "./judge/security-actions.ts";
export { finish, type Steps } from "./judge/steps.ts";
export { makeFolder } from "./make-folder.ts";
export { type Operation, type OperationType, operationSchema } from "./operation.ts";
export {
  type Organization,
  type OrganizationSettings,
  organizationNameSchema,
  organizationSchema,
  organizationSettingsSchema,
} from "./organization.ts";
export { policySchema } from "./policy-schema.ts";
export { diffRanges, judgeRanges, type RangeDiff } from "./ranges/judge-ranges.ts";
export { readPublishedList } from "./ranges/published-list.ts";
export {
  openRangesFolder,
  type RangesFolder,
  type RangesFolderSource,
  type RangeUpdate,
  type RefusedRangeFile,
  readRangesFolder,
  updateRanges,
} from "./ranges/range-file.ts";
export { type RangeIssue, type RangeIssueCode, rangeIssue } from "./ranges/range-issue.ts";
export {
  isProviderName,
  makeRangeList,
  parseRangeList,
  type RangeList,
  type RangeReading,
  rangeListOf,
  withRangeLists,
} from "./ranges/range-list.ts";
export { providersWith, rangesNamedIn, type SnapshotRanges, snapshotRangesSchema } from "./ranges/snapshot-ranges.ts";
export { BOTS_METHOD, RANGES_METHOD, type RevisionKind, revisionKindOf, SIDE_METHODS } from "./revision-kind.ts";
export { DEFAULT_ROLLOUT, type RolloutSettings, shareSchema } from "./rollout-settings.ts";
export { type Route, routeSchema, targetsOf } from "./route.ts";
export type { RouteTarget, TargetTls } from "./route-target.ts";
export { type FieldViolation, RPC_STATUSES, type RpcError, type RpcErrorDetail, type RpcStatus, rpcErrorSchema } from "./rpc-error.ts";
export {
  type Bots,
  botsSchema,
  type SecurityAction,
  securityActionIdSchema,
  securityActionSchema,
  securityActionWireSchema,
} from "./security-action.ts";
export { securityIncidentSchema } from "./security-incident.ts";
export { type Snapshot, snapshotSchema } from "./snapshot.ts";
export { claimedKeyOf, isSnapshotKey, type SignatureVerdict, signSnapshot, snapshotKeyText, verifySnapshot } from "./snapshot-signature.ts";
export {
  completeEvent,
  eventBatchIdSchema,
  keepsEvidence,
  maxEventBatchBytes,
  maxEvidenceChars,
  type TrafficEvent,
  trafficEventSchema,
} from "./traffic-event.ts";
export {
  camelNamed,
  ENVIRONMENT_FIELDS,
  ENVIRONMENT_OUTPUT_FIELDS,
  type MaskPath,
  ORGANIZATION_FIELDS,
  ORGANIZATION_OUTPUT_FIELDS,
  parseFieldMask,
  ROUTE_FIELDS,
  type WireFields,
  wireFieldsOf,
  withoutFields,
} from "./wire-names.ts";
