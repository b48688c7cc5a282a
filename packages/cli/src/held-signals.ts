import type { Closable } from "./until-stopped.ts";

/** What tells a running gateway to read something again. */
const SIGNALS = ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

export type HeldSignal = (typeof SIGNALS)[number];

/** Signals that do not end the process. */
export type HeldSignals = Closable & {
  /** Acts on them until it is closed, and at once on those that came before. */
  follow(act: (signal: HeldSignal) => void): Closable;
};

/**
 * Takes the signals until it is closed. By themselves SIGHUP and SIGUSR2 end a process, and at SIGUSR1 Node opens its debugger: a certificate or a log that is renewed while a
 * gateway starts, or drains, would have it.
 */
export function holdSignals(): HeldSignals {
  const waiting = new Set<HeldSignal>();
  let act = (signal: HeldSignal): void => void waiting.add(signal);
  const onSignal = (signal: NodeJS.Signals): void => act(signal as HeldSignal);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    follow(given) {
      act = given;
      for (const signal of waiting) given(signal);
      return {
        async close() {
          act = () => undefined;
        },
      };
    },
    async close() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
