export type { Catalogue } from "./causes/cause.ts";
export { LANGUAGES, type Language, readCatalogue } from "./causes/read-catalogue.ts";
export { type Advice, advise } from "./diagnose/advice.ts";
export { type Diagnosis, diagnose } from "./diagnose/diagnose.ts";
export type { FactIssue, FactIssueCode } from "./facts/fact-issue.ts";
export { type Facts, joinFacts, parseFacts } from "./facts/facts.ts";
export { diagnosisDocument } from "./report/diagnosis-report.ts";
export type { Document } from "./report/document.ts";
export { REPORT_FORMATS, type ReportFormat, writeDocument } from "./report/write-document.ts";
