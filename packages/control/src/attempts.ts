type Attempt = {
  /** What it is tried for. */
  readonly name: string;
  readonly work: () => Promise<void>;
  /** Told of a fault, unless the try before it failed, too. */
  readonly onFault: (error: unknown) => void;
};

/** Tries what is tried again and again. A fault that goes on is told once, and again when it comes back. Resolves with whether it worked. */
export function createAttempts(): (attempt: Attempt) => Promise<boolean> {
  const failing = new Set<string>();
  return async ({ name, work, onFault }) => {
    try {
      await work();
      failing.delete(name);
      return true;
    } catch (error) {
      if (!failing.has(name)) onFault(error);
      failing.add(name);
      return false;
    }
  };
}
