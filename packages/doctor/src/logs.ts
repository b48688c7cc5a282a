// What access logs say, apart from the rest: to load all of the doctor takes longer than to read a hundred megabytes of a log.
export { LogError, type LogErrorCode } from "./access-log/errors.ts";
export { type ExamineLogsOptions, examineLogs, type LogsExamination } from "./access-log/examine-logs.ts";
export { parseFieldMappings } from "./access-log/format/json-fields.ts";
export { DEFAULT_DEPTH } from "./access-log/judge/subjects.ts";
export { parseLogTime } from "./access-log/log-time.ts";
export { defaultWorkers } from "./access-log/scan/run-scan.ts";
export type { LogsReport } from "./report/logs-report.ts";
