import * as lab from "../../packages/doctor/src/lab/process/started.ts";
import { here } from "./place.ts";

export type { Started } from "../../packages/doctor/src/lab/process/started.ts";

/** Starts a process and returns at once; `ready` waits with the patience of a test. */
export function start(command: readonly string[], options: lab.StartOptions = {}): lab.Started {
  return lab.start(command, { place: here, ...options });
}
