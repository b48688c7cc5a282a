/** What is called whenever something may have changed. */
export type Wakers = Set<() => void>;

type UntilOptions = { readonly timeoutMs: number; readonly signals: readonly AbortSignal[] };

/**
 * Waits until `check` finds something, looking at once and each time the wakers are called.
 *
 * Errors: none. Resolves with `undefined` when the time is over or one of the signals aborts.
 */
export function until<Found>(
  wakers: Wakers,
  check: () => Found | undefined,
  { timeoutMs, signals }: UntilOptions,
): Promise<Found | undefined> {
  const found = check();
  if (found !== undefined || signals.some((signal) => signal.aborted)) return Promise.resolve(found);
  return new Promise((resolve) => {
    const finish = (result: Found | undefined): void => {
      clearTimeout(timer);
      wakers.delete(look);
      for (const signal of signals) signal.removeEventListener("abort", giveUp);
      resolve(result);
    };
    const look = (): void => {
      const result = check();
      if (result !== undefined) finish(result);
    };
    const giveUp = (): void => finish(undefined);
    const timer = setTimeout(giveUp, timeoutMs);
    wakers.add(look);
    for (const signal of signals) signal.addEventListener("abort", giveUp);
  });
}
