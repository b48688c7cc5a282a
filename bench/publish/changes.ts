import { setTimeout as sleep } from "node:timers/promises";
import { escapeText } from "wherefrom";
import type { Fleet, FleetEnvironment } from "./fleet.ts";

const CHANGES_PER_SECOND = 10;
const MAX_FAULT_CHARS = 500;

/** How many were asked for, and why those that failed did. */
export type Changes = { readonly made: number; readonly faults: readonly string[] };

/** Ten a second whether or not the last one has been answered, until the signal; then waits for all answers. */
export async function changeAgainAndAgain(
  fleet: Fleet,
  { environment, signal }: { readonly environment: FleetEnvironment; readonly signal: AbortSignal },
): Promise<Changes> {
  const asked: Promise<unknown>[] = [];
  const faults: string[] = [];
  const startedAt = performance.now();
  while (!signal.aborted) {
    asked.push(fleet.change(environment).catch((error: unknown) => faults.push(String(error))));
    const next = startedAt + (asked.length * 1_000) / CHANGES_PER_SECOND;
    await sleep(Math.max(next - performance.now(), 0));
  }
  await Promise.all(asked);
  return { made: asked.length, faults };
}

/** On a machine that has too much to do it is that the answer took longer than a client waits: changes of one environment are made one after another. */
export function tellFaults(faults: readonly string[]): void {
  for (const why of new Set(faults)) {
    const count = faults.filter((fault) => fault === why).length;
    process.stderr.write(`${count} changes failed: ${escapeText(why, MAX_FAULT_CHARS)}\n`);
  }
}
