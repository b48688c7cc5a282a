import { environmentName } from "./api/environment-json.ts";
import type { EnvironmentKey } from "./config-store/port.ts";

/** Environments of which this control got events that nobody has looked at. */
export type FreshEvents = {
  note(key: EnvironmentKey): void;
  /** Those that were noted since this was asked last. */
  take(): readonly EnvironmentKey[];
};

export function freshEvents(): FreshEvents {
  const waiting = new Map<string, EnvironmentKey>();
  return {
    note: (key) => void waiting.set(environmentName(key.organization, key.environment), key),
    take() {
      const keys = [...waiting.values()];
      waiting.clear();
      return keys;
    },
  };
}
