import type { EnvironmentKey } from "./environment-key.ts";
import type { Page } from "./page.ts";
import type { Stamp } from "./stamp.ts";

export const INCIDENT_STATES = ["OPEN", "ACKNOWLEDGED", "CLOSED", "CONVERTED"] as const;

/** `CONVERTED`: there is a security action for it. */
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** What stands in a suspicion, counted over one window. */
export type IncidentEvidence = {
  readonly windowMinutes: number;
  readonly amount: number;
  readonly amountBound: number;
  readonly share: number;
  readonly shareBound: number;
  /** Clients that it was compared with. */
  readonly clients: number;
  /** What the client did, by the names of `ClientCounts`. */
  readonly counts: Readonly<Record<string, number>>;
};

/** A client for which a rule held when a window was looked at. */
export type Sighting = {
  readonly rule: string;
  /** A network in canonical text. */
  readonly client: string;
  /** Whether many people seem to be behind it. */
  readonly isShared: boolean;
  /** When the window ended, in milliseconds since 1970. */
  readonly at: number;
  readonly evidence: IncidentEvidence;
};

/** Sightings of one client by one rule, told once. Times are milliseconds since 1970. */
export type IncidentRecord = {
  readonly id: string;
  /** Rises with each new incident. */
  readonly position: number;
  readonly rule: string;
  readonly client: string;
  readonly state: IncidentState;
  /** Rises with each change of the state, from 1. */
  readonly revision: number;
  /** Whether many people seemed to be behind it at any time. */
  readonly isShared: boolean;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** When the state changed last. */
  readonly changedAt: number;
  /** Of the window with the greatest amount. */
  readonly evidence: IncidentEvidence;
  /** Id of the security action that was made of it. */
  readonly securityAction?: string | undefined;
};

/** What is to become of an incident. */
export type IncidentChange = Pick<IncidentRecord, "state" | "securityAction">;

/** How long incidents of an environment are kept. */
export type IncidentKeeping = {
  /** Those that were seen last before are forgotten, in milliseconds since 1970. */
  readonly forgetBefore: number;
  /** Of more than that, those that are closed and those that were seen longest ago are forgotten first. */
  readonly maxIncidents: number;
};

/**
 * Where incidents are kept, in the same database as the configuration and with its promises of transactions and durability. The environment need not be
 * there; when one is deleted, its incidents are.
 */
export type IncidentStore = {
  /**
   * Joins sightings to the incidents that they belong to, or begins incidents, in one step: of several controls that see the same, one begins it. A sighting
   * belongs to the newest incident of its client and rule; one that is closed or converted and was not seen for the length of the window is over, and
   * the client is back. Resolves with what was begun.
   */
  note(key: EnvironmentKey, sightings: readonly Sighting[], keeping: IncidentKeeping): Promise<readonly IncidentRecord[]>;
  /** Newest first; `before` is a `position`. */
  list(key: EnvironmentKey, page: Page): Promise<readonly IncidentRecord[]>;
  read(key: EnvironmentKey, id: string): Promise<IncidentRecord | undefined>;
  /**
   * Changes the state and notes it in the organization's audit log, in one step; what stands already changes nothing. `decide` is pure, and what it throws,
   * the change rejects with. Resolves with `undefined` when there is no such incident.
   */
  change(
    key: EnvironmentKey,
    id: string,
    options: { readonly by: Stamp; readonly decide: (current: IncidentRecord) => IncidentChange },
  ): Promise<IncidentRecord | undefined>;
  /** Changes many as `change` does one, all of them in one step, or none where one is not there. Resolves with those that are there, in no order. */
  changeAll(
    key: EnvironmentKey,
    ids: readonly string[],
    options: { readonly by: Stamp; readonly decide: (current: IncidentRecord) => IncidentChange },
  ): Promise<readonly IncidentRecord[]>;
  /** Forgets all incidents of a client. Resolves with their number. */
  removeClient(key: EnvironmentKey, client: string): Promise<number>;
};
