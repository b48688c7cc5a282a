export { type FaultCode, GatewayError, type GatewayErrorCode, type NoticeCode } from "./errors.ts";
export { type Gateway, type GatewayOptions, openGateway } from "./gateway.ts";
export { defaultLimits, type GatewayLimits } from "./limits.ts";
export type { Notice } from "./notice.ts";
export type { ExchangeRecord } from "./record/exchange-record.ts";
export { type ControlSourceOptions, controlSource } from "./snapshot/control-source.ts";
export { fileSource } from "./snapshot/file-source.ts";
export type { SnapshotIssue, SnapshotIssueCode } from "./snapshot/issue.ts";
export type { Offered, SnapshotSink, SnapshotSource } from "./snapshot/source.ts";
