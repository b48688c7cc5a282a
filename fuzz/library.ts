import type * as wherefrom from "wherefrom";

/** The part of the library that is fuzzed: an instrumented copy in the loop, the source itself when the corpus is replayed. */
export type Library = Pick<
  typeof wherefrom,
  "advise" | "createResolver" | "escapeText" | "evidenceOfFields" | "parseAddress" | "parsePolicy" | "parsePrefix" | "PolicyError"
>;
