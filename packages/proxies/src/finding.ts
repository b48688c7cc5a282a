import type { FindingCode } from "./finding-code.ts";
import type { Place } from "./source.ts";

/** `error`: a client can choose its address, or every client is somebody else. `warning`: so under a condition that is often met. `note`: know it. */
export type FindingSeverity = "error" | "warning" | "note";

/** Something that a configuration does to the client address which its author may not have meant. */
export type Finding = {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  readonly place: Place;
  /** What it is about, as it is written. Not escaped. */
  readonly what: string;
  /** Other places that belong to it. */
  readonly others: readonly Place[];
  /** What to write in its place, in the language of the configuration; absent where only a person can say. */
  readonly fix?: string;
};

/** A finding without what most have not. */
export function findingAt(
  place: Place,
  { others = [], ...finding }: Omit<Finding, "place" | "others"> & { readonly others?: readonly Place[] },
): Finding {
  return { ...finding, place, others };
}
