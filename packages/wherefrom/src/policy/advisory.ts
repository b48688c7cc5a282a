import type { Limits } from "../header/limits.ts";
import type { AdvisoryCode } from "./advisory-code.ts";
import type { Providers } from "./providers.ts";

/**
 * How bad it is. `error`: a client can choose the answer, or the policy cannot do what it says. `warning`: it can under a condition that is often
 * met. `note`: know it.
 */
export type Severity = "error" | "warning" | "note";

/** One thing that a valid policy says and that its author may not have meant. Not a fault: the policy works as it is written. */
export type Advisory = {
  readonly code: AdvisoryCode;
  readonly severity: Severity;
  /** JSON pointer (RFC 6901) into the policy, in the spelling that was given; the empty text is the policy itself. */
  readonly pointer: string;
  /** What stands there, in one line. */
  readonly summary: string;
  /** What follows from it. */
  readonly why: string;
  /** The way out. */
  readonly fix: string;
};

/** An advisory that somebody has looked at and accepts until a day. */
export type Suppression = {
  readonly code: string;
  /** Only at this place. Absent: everywhere in the policy. */
  readonly pointer?: string;
  readonly reason: string;
  /** The last day on which it holds, `YYYY-MM-DD` in UTC. */
  readonly until: string;
};

/** What an advisory may depend on beside the policy. */
export type AdvisoryContext = {
  /** The day or time that it is, ISO 8601 in UTC (`2026-11-23`, or what `toISOString` gives). Without it nothing is stale, and no suppression expires. */
  readonly now?: string;
  /** How old a provider's ranges may be, in days. Default 180. */
  readonly maxAgeDays?: number;
  /** The limits that the resolver is built with. */
  readonly limits?: Partial<Limits>;
  /** The ranges behind `provider:NAME`. Default: those that are built in. */
  readonly providers?: Providers;
  /** Names of the headers that the service behind this policy sends on to its upstreams. */
  readonly emittedHeaders?: readonly string[];
  readonly suppressions?: readonly Suppression[];
};
