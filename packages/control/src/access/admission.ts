import { Endings } from "@wherefrom/model";
import type { ConfigStore } from "../config-store/port.ts";
import { type Identify, identifyByClaim } from "../http/caller.ts";
import type { ControlNotice } from "../notice.ts";
import { makeFirstToken } from "./bootstrap.ts";
import { createCheckLine } from "./check-line.ts";
import { createFailures, type FailureLimits } from "./failures.ts";
import { identifyByToken } from "./identify.ts";
import { jwtReader } from "./oidc.ts";
import type { OidcSettings } from "./oidc-settings.ts";
import { createProcessKeys, type KeyFor } from "./process-keys.ts";
import { createProven } from "./proven.ts";

/** How control asks who somebody is. `off`: it asks nobody. */
export type AccessMode = "tokens" | "off";

type AdmissionLimits = FailureLimits & {
  /** Credentials of one client that wait to be checked. */
  readonly maxWaitingChecks: number;
  /** Credentials that are remembered as right. */
  readonly maxProvenCredentials: number;
  /** A session that was not used for so long is over. */
  readonly sessionIdleMs: number;
};

type AdmissionOptions = {
  readonly access: AccessMode;
  readonly oidc: OidcSettings | undefined;
  /** As clients see the API. */
  readonly scheme: "http" | "https";
  readonly store: ConfigStore;
  readonly limits: AdmissionLimits;
  readonly onNotice: (notice: ControlNotice) => void;
  readonly now: () => number;
};

/** What tells who asks, and hands out what they are told by. */
export type Admission = {
  readonly identify: Identify;
  /** Makes a key for another part of this process. */
  issueKey(key: KeyFor): string;
  /** Makes the admin token with which everything begins; `undefined` when there has been one, or nobody is asked for any. */
  makeFirstToken(): Promise<string | undefined>;
};

export function openAdmission({ access, oidc, scheme, store, limits, onNotice, now }: AdmissionOptions): Admission {
  const { sessionIdleMs } = limits;
  const keys = createProcessKeys(now);
  const steady = (): number => performance.now();
  const failures = createFailures(limits, steady);
  const line = createCheckLine(failures, limits);
  const proven = createProven(limits);
  const endings = new Endings({ wall: now, steady }, { maxKnown: limits.maxProvenCredentials });
  const readJwt = oidc && jwtReader(oidc, { now });
  return {
    identify:
      access === "off"
        ? identifyByClaim
        : identifyByToken({ store, keys, readJwt, failures, line, proven, endings, sessionIdleMs, scheme, onNotice, now }),
    issueKey: keys.issue,
    makeFirstToken: async () => (access === "off" ? undefined : await makeFirstToken(store, { at: now() })),
  };
}
