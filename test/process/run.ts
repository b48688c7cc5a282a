import * as lab from "../../packages/doctor/src/lab/process/run.ts";
import { here } from "./place.ts";

export type { Ran, RunOptions } from "../../packages/doctor/src/lab/process/run.ts";

/** Runs a command to its end, with the patience of a test. */
export function run(command: readonly string[], options: lab.RunOptions = {}): Promise<lab.Ran> {
  return lab.run(command, { place: here, ...options });
}

/** Runs a command that must succeed and gives its standard output, with the patience of a test. */
export function runWell(command: readonly string[], options: lab.RunOptions = {}): Promise<string> {
  return lab.runWell(command, { place: here, ...options });
}
