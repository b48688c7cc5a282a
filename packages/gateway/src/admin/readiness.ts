/** Why a gateway should get no traffic now. Stable; documented in docs/guides/operate.md. */
export const unreadyReasons = {
  starting: "There is no valid snapshot yet",
  draining: "It is stopping: it finishes what it has begun",
  overloaded: "It refuses new work",
  "workers-missing": "Fewer workers serve than there are to be",
} as const;

/** What is not as it should be in a gateway that serves all the same. Stable; documented in docs/guides/operate.md. */
export const degradedReasons = {
  "last-good-snapshot": "The snapshot that runs is one that was kept on disk: there is nothing newer to have",
  "snapshot-withdrawn": "An earlier snapshot runs, because the gateway does not stay up under the newest",
  "control-away": "Control cannot be reached; the snapshot that runs goes on",
} as const;

export type UnreadyReason = keyof typeof unreadyReasons;
export type DegradedReason = keyof typeof degradedReasons;

/** Whether a gateway should get traffic, and all that speaks against it. */
export type Readiness = {
  /** Empty: it is ready. */
  readonly reasons: readonly UnreadyReason[];
  readonly degraded: readonly DegradedReason[];
  /** Of the snapshot that new requests run by; `undefined` before the first. */
  readonly revision: number | undefined;
};

/** Before there is anything to tell. */
export const starting: Readiness = { reasons: ["starting"], degraded: [], revision: undefined };

/** The readiness as the JSON of `/readyz`. */
export function readinessJson({ reasons, degraded, revision }: Readiness): object {
  return {
    ready: reasons.length === 0,
    reasons: reasons.map((code) => ({ code, message: unreadyReasons[code] })),
    degraded: degraded.map((code) => ({ code, message: degradedReasons[code] })),
    revision: revision ?? null,
  };
}
