/** A window is looked at no more often than so many times in its length: a day has changed little after a minute. */
const LOOKS_PER_WINDOW = 144;

type Window = {
  /** Which one: of an environment, and of a length. */
  readonly name: string;
  readonly lengthMs: number;
  /** When it is looked at, in milliseconds since 1970. */
  readonly at: number;
};

/** Looks at windows that are due, each by itself. Rejects as the look does; one that could not be looked at is due again at once. */
export function windowLooks(): (window: Window, look: () => Promise<void>) => Promise<void> {
  const looked = new Map<string, number>();
  return async ({ name, lengthMs, at }, look) => {
    const lookedAt = looked.get(name);
    // where the clock was put back, the last look lies ahead of it
    if (lookedAt !== undefined && Math.abs(at - lookedAt) < lengthMs / LOOKS_PER_WINDOW) return;
    await look();
    looked.set(name, at);
  };
}
