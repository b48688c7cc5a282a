/** What is allowed of failed authentications. */
export type FailureLimits = {
  /** From one client address, in a window. */
  readonly maxAuthFailures: number;
  /** The same, while there are too many from everybody together. */
  readonly maxAuthFailuresInFlood: number;
  /** From everybody together, in a window: more is a flood. */
  readonly maxAuthFailuresOfAll: number;
  /** How long a window is. It begins with a first failure. */
  readonly authFailureWindowMs: number;
  /** Client addresses remembered. The one whose window began longest ago goes first. */
  readonly maxAuthFailureClients: number;
};

/**
 * Remembers who failed to authenticate, in bounded memory. A client is the key of a resolution: an address, or the /64 of an IPv6 address.
 *
 * A flood from elsewhere never turns away a client that did not fail itself: it only makes the patience with those shorter who did. What is
 * forgotten for want of memory is forgiven.
 */
export type Failures = {
  /** Failures that this client may still make. */
  left(client: string): number;
  /** Milliseconds until this client may fail again; 0: now. */
  waitMs(client: string): number;
  /** Counts a failure. Returns whether it is the one that used up the client's patience. */
  add(client: string): boolean;
};

type Window = { count: number; readonly beganAt: number };

export function createFailures(limits: FailureLimits, now: () => number): Failures {
  const clients = new Map<string, Window>();
  let all: Window = { count: 0, beganAt: 0 };
  const isOver = ({ beganAt }: Window): boolean => now() - beganAt >= limits.authFailureWindowMs;
  const patience = (): number => {
    const isFlood = !isOver(all) && all.count >= limits.maxAuthFailuresOfAll;
    return isFlood ? limits.maxAuthFailuresInFlood : limits.maxAuthFailures;
  };
  const standingOf = (client: string): Window | undefined => {
    const window = clients.get(client);
    return window === undefined || isOver(window) ? undefined : window;
  };
  return {
    left: (client) => Math.max(0, patience() - (standingOf(client)?.count ?? 0)),
    waitMs(client) {
      const window = standingOf(client);
      if (window === undefined || window.count < patience()) return 0;
      return window.beganAt + limits.authFailureWindowMs - now();
    },
    add(client) {
      if (isOver(all)) all = { count: 0, beganAt: now() };
      all.count += 1;
      const standing = standingOf(client);
      const window = standing ?? { count: 0, beganAt: now() };
      window.count += 1;
      if (window !== standing) {
        // set anew, so that the map's order is that of the windows' beginnings
        clients.delete(client);
        clients.set(client, window);
        const [oldest] = clients.keys();
        if (clients.size > limits.maxAuthFailureClients && oldest !== undefined) clients.delete(oldest);
      }
      return window.count === patience();
    },
  };
}
