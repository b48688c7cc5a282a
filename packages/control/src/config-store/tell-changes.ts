import { setTimeout as sleep } from "node:timers/promises";
import type { EnvironmentKey } from "./port.ts";

/** Tells listeners of environments that changed. */
export type ChangeTeller = {
  tell(changed: EnvironmentKey): void;
  /** The answer ends it. */
  listen(onChange: (changed: EnvironmentKey) => Promise<void>): () => void;
  /** Ends all of them. */
  close(): void;
};

/** Each listener is called for one environment after the other, and again after `retryMs` when it rejects. What changes again before it was told is told once. */
export function createChangeTeller(retryMs: number): ChangeTeller {
  const listeners = new Set<Listener>();
  return {
    tell(changed) {
      for (const listener of listeners) listener.tell(changed);
    },
    listen(onChange) {
      const listener = createListener(onChange, retryMs);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        listener.close();
      };
    },
    close() {
      for (const listener of listeners) listener.close();
      listeners.clear();
    },
  };
}

type Listener = { tell(changed: EnvironmentKey): void; close(): void };

function createListener(onChange: (changed: EnvironmentKey) => Promise<void>, retryMs: number): Listener {
  const waiting = new Map<string, EnvironmentKey>();
  const closing = new AbortController();
  let isTelling = false;
  const tellAll = async (): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    while (waiting.size > 0 && !closing.signal.aborted) {
      for (const [name, changed] of waiting) {
        waiting.delete(name);
        await onChange(changed).catch(async () => {
          waiting.set(name, changed);
          await sleep(retryMs, undefined, { signal: closing.signal }).catch(() => undefined);
        });
        if (closing.signal.aborted) break;
      }
    }
    isTelling = false;
  };
  return {
    tell(changed) {
      waiting.set(`${changed.organization}/${changed.environment}`, changed);
      void tellAll();
    },
    close: () => closing.abort(),
  };
}
