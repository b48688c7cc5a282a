import { setTimeout as pause } from "node:timers/promises";

const PAUSE_MS = 15;

/**
 * Waits until a condition holds and gives what it gave. A condition holds when it gives anything but `undefined` or `false`.
 * Not a retry: a condition that throws ends the wait with its error.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeoutMs: number): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
    await pause(PAUSE_MS);
  }
}
