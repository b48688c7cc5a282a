import { onTestFinished } from "vitest";

/** Closes something when the running test is over, what was opened last first. */
export function own<T extends { close(): Promise<unknown> }>(thing: T): T {
  onTestFinished(async () => void (await thing.close()));
  return thing;
}
