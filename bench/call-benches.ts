import type { Case } from "./call-case.ts";
import { matchCases } from "./match.ts";
import { resolveCases } from "./resolve.ts";

export type CallBench = "resolve" | "match";

/** The cases of each benchmark of calls. Their processes find them here by name. */
export const CALL_BENCHES: Readonly<Record<CallBench, () => readonly Case[] | Promise<readonly Case[]>>> = {
  resolve: resolveCases,
  match: matchCases,
};
