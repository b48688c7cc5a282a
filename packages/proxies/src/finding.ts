import type { FindingCode } from "./finding-code.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import type { Place } from "./source.ts";
import { toldText } from "./told-text.ts";

/** `error`: a client can choose its address, or every client is somebody else. `warning`: so under a condition that is often met. `note`: know it. */
export type FindingSeverity = "error" | "warning" | "note";

/** Something that a configuration does to the client address which its author may not have meant. */
export type Finding = {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  readonly place: Place;
  /** What it is about, as it is written; of a long text the beginning. Not escaped. */
  readonly what: string;
  /** Other places that belong to it, the first of them. */
  readonly others: readonly Place[];
  /** How many more places belong to it than are named; absent where all are. */
  readonly more?: number;
  /** What to write in its place, in the language of the configuration; absent where only a person can say. */
  readonly fix?: string;
};

/** A finding without what most have not. */
export function findingAt(
  place: Place,
  { others = [], ...finding }: Omit<Finding, "place" | "others" | "more"> & { readonly others?: readonly Place[] },
): Finding {
  const more = others.length - CONFIG_LIMITS.maxPlaces;
  const named = more > 0 ? others.slice(0, CONFIG_LIMITS.maxPlaces) : others;
  return { ...finding, what: toldText(finding.what), place, others: named, ...(more > 0 && { more }) };
}

/** Ways that one finding names. */
const MAX_NAMED = 3;

/** The names of ways that a finding is about, as far as they are told: the same in every language. */
export function waysText(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return [...names.slice(0, MAX_NAMED), ...(more > 0 ? [`+ ${more}`] : [])].join(", ");
}
