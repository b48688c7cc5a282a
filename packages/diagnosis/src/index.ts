export type { Catalogue, Cause, Clue, Cost, FactValue, Fix, LossPlace, Signal } from "./causes/cause.ts";
export { LANGUAGES, type Language, readCatalogue, readWords } from "./causes/read-catalogue.ts";
export type { Words } from "./causes/words.ts";
export { type Advice, type AdvisedFix, advise, type CauseAdvice } from "./diagnose/advice.ts";
export { type Diagnosis, diagnose, type RankedCause, type WeighedFact } from "./diagnose/diagnose.ts";
export { type AddressKind, kindOfAddress } from "./facts/address-kind.ts";
export type { FactIssue, FactIssueCode } from "./facts/fact-issue.ts";
export { type Facts, joinFacts, parseFacts } from "./facts/facts.ts";
export { namedRanges, providersOf, SCOPES } from "./facts/peer-facts.ts";
