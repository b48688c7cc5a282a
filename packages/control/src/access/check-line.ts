import type { Failures } from "./failures.ts";

/** Where credentials wait to be checked, so that no client fails more often than it may by asking many times at once. */
export type CheckLine = {
  /**
   * Resolves when a credential of this client may be checked, with what has to be called when that is done. `undefined`: too many of its credentials
   * wait already.
   */
  enter(client: string): Promise<(() => void) | undefined>;
};

type Line = { checking: number; readonly waiting: (() => void)[] };

/**
 * At a time as many checks of a client run as it may still fail, and one when it may fail no more: a right token of somebody behind the same address is
 * let in all the same, and whoever floods control with wrong ones makes it look up one after the other.
 */
export function createCheckLine(failures: Pick<Failures, "left">, { maxWaitingChecks }: { readonly maxWaitingChecks: number }): CheckLine {
  const lines = new Map<string, Line>();
  const isRoom = (client: string, { checking }: Line): boolean => checking < Math.max(1, failures.left(client));
  const leave = (client: string, line: Line): void => {
    line.checking -= 1;
    while (line.waiting.length > 0 && isRoom(client, line)) {
      line.checking += 1;
      line.waiting.shift()?.();
    }
    if (line.checking === 0) lines.delete(client);
  };
  return {
    async enter(client) {
      const line = lines.get(client) ?? { checking: 0, waiting: [] };
      lines.set(client, line);
      if (isRoom(client, line)) line.checking += 1;
      else if (line.waiting.length >= maxWaitingChecks) return undefined;
      else await new Promise<void>((resolve) => line.waiting.push(resolve));
      return () => leave(client, line);
    },
  };
}
