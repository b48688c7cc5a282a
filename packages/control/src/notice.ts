import type { RefusedRangeFile } from "@wherefrom/model";
import type { IncidentRecord } from "./config-store/incident-port.ts";
import type { OpenMisfit } from "./misfit.ts";

/** What an operator may want to see in a log. Texts that came from a request are escaped. */
export type ControlNotice =
  /** A range file that is not taken. What was in force stays. */
  | ({ readonly kind: "ranges-refused" } & RefusedRangeFile)
  /** New ranges could not be put in force; it is tried again. */
  | { readonly kind: "ranges-failed"; readonly error: unknown }
  /** Events whose time is over could not be deleted; it is tried again. */
  | { readonly kind: "event-retention-failed"; readonly error: unknown }
  /** Events of exchanges that began up to `until` (milliseconds since 1970) were deleted before their time, as all took `bytes`. */
  | {
      readonly kind: "events-deleted-for-room";
      readonly deleted: number;
      readonly until: number;
      readonly bytes: number;
      readonly maxBytes: number;
    }
  /** Queries that are asked in the background could not be run; it is tried again. */
  | { readonly kind: "queries-not-run"; readonly error: unknown }
  /** Which clients look like abusers could not be judged, of one environment or of all; it is tried again. */
  | { readonly kind: "abuse-not-judged"; readonly environment: string | undefined; readonly error: unknown }
  /** A window has more clients than are looked at: those with the fewest requests were left out. */
  | { readonly kind: "abuse-clients-left-out"; readonly environment: string; readonly maxClients: number }
  /** Clients look like abusers, or like addresses that many people share. */
  | { readonly kind: "incidents-begun"; readonly environment: string; readonly incidents: readonly IncidentRecord[] }
  /** What gateways said is known to this process only, until it can be stored. */
  | { readonly kind: "gateways-not-stored"; readonly error: unknown }
  /** What is tried on some gateways could not be judged or ended; it is tried again. */
  | { readonly kind: "rollout-failed"; readonly error: unknown }
  | {
      readonly kind: "rollout-stopped" | "rollout-promoted";
      readonly organization: string;
      readonly environment: string;
      /** The revision that was tried. */
      readonly revision: number;
      readonly why: string;
    }
  /** A policy does not fit its traffic any more, by several looks in a row; or it does again. What is told is what was seen last that speaks against it, of the revision that was seen to misfit, or that fits. */
  | ({ readonly kind: "misfit-began" | "misfit-ended"; readonly organization: string; readonly environment: string } & OpenMisfit)
  /** Whether a policy fits its traffic could not be found out; it is tried again. */
  | { readonly kind: "fit-look-failed"; readonly organization: string; readonly environment: string; readonly error: unknown }
  /** Somebody asked for a probe from control. `target` is a host, with its port where that is not the scheme's. */
  | { readonly kind: "probe-asked"; readonly environment: string; readonly by: string; readonly target: string }
  /** Tokens of the identity provider cannot be judged. */
  | { readonly kind: "oidc-keys-unavailable"; readonly error: unknown }
  /** `client` is the key of an address that failed to authenticate too often. For a while only right credentials are let in from there, one looked up at a time. */
  | { readonly kind: "client-blocked"; readonly client: string }
  | { readonly kind: "certificate-loaded"; readonly notAfter: Date }
  /** The certificate in use goes on. */
  | { readonly kind: "certificate-refused"; readonly error: unknown }
  | { readonly kind: "internal-error"; readonly requestId: string; readonly error: unknown }
  | {
      readonly kind: "snapshot-refused";
      readonly environment: string;
      readonly gateway: string;
      readonly revision: number;
      readonly issues: readonly unknown[];
    }
  | { readonly kind: "store-availability"; readonly isAvailable: boolean; readonly of: "reads" | "writes"; readonly why?: string }
  | { readonly kind: "gateways-late"; readonly environment: string; readonly revision: number; readonly gateways: readonly string[] };
