import { here as machine, type Place } from "../../packages/doctor/src/lab/process/place.ts";

export type { Place };

/** As long as a test may take, nearly: a machine that does other work makes a slow test, not a failed one. */
export const TEST_WAIT_MS = 50_000;

/** This machine as it is. Tests use only its loopback addresses. */
export const here: Place = { ...machine, waitMs: TEST_WAIT_MS };
