import type { Dimension } from "./dimensions.ts";

/**
 * Which events are meant. Each event matches or does not: one without a value equals nothing, is below and above nothing, and matches no pattern.
 * Values are in the text that answers have, those of `number` dimensions as numbers.
 */
export type Filter =
  | { readonly kind: "and"; readonly of: readonly Filter[] }
  | { readonly kind: "or"; readonly of: readonly Filter[] }
  | { readonly kind: "not"; readonly of: Filter }
  /** Without a value. */
  | { readonly kind: "absent"; readonly dimension: Dimension }
  | { readonly kind: "in"; readonly dimension: Dimension; readonly values: readonly string[] }
  /** Not for addresses. Texts are compared by code unit of UTF-8. */
  | { readonly kind: "compare"; readonly dimension: Dimension; readonly operator: "<" | "<=" | ">" | ">="; readonly value: string }
  /** For texts. A regular expression of RE2 that is to fit the whole text. */
  | { readonly kind: "matches"; readonly dimension: Dimension; readonly pattern: string };
