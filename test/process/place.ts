import { here as machine, type Place } from "../../packages/doctor/src/lab/process/place.ts";
import { PATIENCE_MS } from "../../tools/patience.ts";

export type { Place };

/** This machine as it is. Tests use only its loopback addresses. */
export const here: Place = { ...machine, waitMs: PATIENCE_MS };
