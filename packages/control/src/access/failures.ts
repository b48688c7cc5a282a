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
  /** Client addresses remembered. Of those that have failed little, the one whose window began longest ago goes first. */
  readonly maxAuthFailureClients: number;
};

/**
 * Remembers who failed to authenticate, in bounded memory. A client is the key of a resolution: an address, or the /64 of an IPv6 address.
 *
 * A flood from elsewhere never turns away a client that did not fail itself: it only makes the patience with those shorter who did. Nor does it make
 * anybody be forgiven who has used up what a flood leaves him: where there is no room but theirs, those who fail next are not remembered.
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

/** `now`: by a clock that only goes forward. By one that is put back, a window of a minute would last for hours. */
export function createFailures(limits: FailureLimits, now: () => number): Failures {
  /** Those who may fail again even in a flood, in the order in which their windows began. */
  const mild = new Map<string, Window>();
  /** Those who may not, in the order in which they came to that: by a window's length at most, they are forgotten late. */
  const grave = new Map<string, Window>();
  let all: Window = { count: 0, beganAt: Number.NEGATIVE_INFINITY };
  const isOver = ({ beganAt }: Window): boolean => now() - beganAt >= limits.authFailureWindowMs;
  const patience = (): number => {
    const isFlood = !isOver(all) && all.count >= limits.maxAuthFailuresOfAll;
    return isFlood ? limits.maxAuthFailuresInFlood : limits.maxAuthFailures;
  };
  const standingOf = (client: string): Window | undefined => {
    const window = grave.get(client) ?? mild.get(client);
    return window === undefined || isOver(window) ? undefined : window;
  };
  const forgetPast = (): void => {
    for (const windows of [mild, grave]) {
      for (const [client, window] of windows) {
        if (!isOver(window)) break;
        windows.delete(client);
      }
    }
  };
  /** A window of a client that has none, where there is room for it. */
  const begin = (client: string): Window => {
    grave.delete(client);
    mild.delete(client);
    const [oldest] = mild.keys();
    if (mild.size + grave.size >= limits.maxAuthFailureClients && oldest !== undefined) mild.delete(oldest);
    const window = { count: 0, beganAt: now() };
    if (mild.size + grave.size < limits.maxAuthFailureClients) mild.set(client, window);
    return window;
  };
  return {
    left: (client) => Math.max(0, patience() - (standingOf(client)?.count ?? 0)),
    waitMs(client) {
      const window = standingOf(client);
      if (window === undefined || window.count < patience()) return 0;
      return window.beganAt + limits.authFailureWindowMs - now();
    },
    add(client) {
      forgetPast();
      if (isOver(all)) all = { count: 0, beganAt: now() };
      all.count += 1;
      const window = standingOf(client) ?? begin(client);
      window.count += 1;
      if (window.count >= limits.maxAuthFailuresInFlood && mild.delete(client)) grave.set(client, window);
      return window.count === patience();
    },
  };
}
