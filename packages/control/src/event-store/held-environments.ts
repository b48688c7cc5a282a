import type { EnvironmentKey } from "../config-store/port.ts";

/** Environments that a database may have events of: all that have any, and perhaps others. */
export type HeldEnvironments = {
  /** Before the first event of an environment can be seen by anybody. */
  note(key: EnvironmentKey): void;
  /** All that there were are noted. */
  complete(): void;
  /** Whether every event is of that environment. */
  isOnly(key: EnvironmentKey): boolean;
};

export function heldEnvironments(): HeldEnvironments {
  const names = new Set<string>();
  let isComplete = false;
  const nameOf = ({ organization, environment }: EnvironmentKey): string => JSON.stringify([organization, environment]);
  return {
    note: (key) => void names.add(nameOf(key)),
    complete() {
      isComplete = true;
    },
    isOnly: (key) => isComplete && names.size === 1 && names.has(nameOf(key)),
  };
}
