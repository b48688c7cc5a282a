import * as lab from "../../packages/doctor/src/lab/process/until.ts";
import { TEST_WAIT_MS } from "./place.ts";

/** Waits until a condition holds and gives what it gave, with the patience of a test. */
export function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs: number = TEST_WAIT_MS,
): Promise<Exclude<T, undefined | false>> {
  return lab.until(what, condition, timeoutMs);
}
