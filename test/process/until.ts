import * as lab from "../../packages/doctor/src/lab/process/until.ts";
import { PATIENCE_MS } from "../../tools/patience.ts";

/** Waits until a condition holds and gives what it gave, with the patience of a test. */
export function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs: number = PATIENCE_MS,
): Promise<Exclude<T, undefined | false>> {
  return lab.until(what, condition, timeoutMs);
}
