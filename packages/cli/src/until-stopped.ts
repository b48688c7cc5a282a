import { exitCodes } from "./errors.ts";

/** A thing that a command opened and has to close. */
export type Closable = {
  close(): Promise<void>;
  /** How long that may take where it is more than a few seconds. */
  readonly closesWithinMs?: number;
};

/** Hands a thing over for closing, and returns it. Throws `Stopped` when the stop came first; the thing is closed all the same. */
export type Own = <Thing extends Closable>(thing: Thing) => Thing;

/** A command was asked to stop while it still opened its parts. Not a fault. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** The shell's convention for a process that a signal ended: 128 and the signal's number. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
/** How long closing may take before the process ends anyway: this, or this much more than a part says of itself. */
const MAX_CLOSE_MS = 10_000;
const MORE_CLOSE_MS = 2_000;
/** How long a part that is being opened may take to notice the stop. */
const MAX_SETTLE_MS = 1_000;

/**
 * Opens the parts of a command, waits for SIGINT or SIGTERM, and closes them, the last opened first. A second signal ends the
 * process at once.
 *
 * Errors: what `open` throws, after everything it had opened is closed again.
 */
export async function runUntilStopped(open: (own: Own) => Promise<void>): Promise<void> {
  const owned: Closable[] = [];
  const stop = listenForStop();
  const own: Own = (thing) => {
    owned.push(thing);
    if (stop.hasCome()) throw new Stopped("Stopped while starting");
    return thing;
  };
  const opening = open(own);
  try {
    await Promise.race([opening, stop.come]);
    await stop.come;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    await closeAll(owned);
    if (stop.hasCome()) await settle(opening, owned);
    stop.forget();
  }
}

type Stop = { readonly come: Promise<void>; hasCome(): boolean; forget(): void };

function listenForStop(): Stop {
  let hasCome = false;
  let announce: () => void = () => undefined;
  const come = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const onSignal = (signal: (typeof STOP_SIGNALS)[number]): void => {
    if (hasCome) process.exit(SIGNAL_EXIT_CODES[signal]);
    hasCome = true;
    announce();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return {
    come,
    hasCome: () => hasCome,
    forget() {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    },
  };
}

/**
 * What was still being opened when the stop came ends with `Stopped` or a fault that no longer matters. A part that waits for
 * somebody else (a gateway for its first snapshot) has opened nothing yet that had to be closed, so it is not waited for.
 */
async function settle(opening: Promise<void>, owned: Closable[]): Promise<void> {
  const timer = setTimeout(() => process.exit(exitCodes.ok), MAX_SETTLE_MS);
  await opening.catch(() => undefined).finally(() => clearTimeout(timer));
  await closeAll(owned);
}

/** Closes everything, also when one part cannot be closed; then throws the first fault. */
async function closeAll(owned: Closable[]): Promise<void> {
  const faults: unknown[] = [];
  for (let thing = owned.pop(); thing !== undefined; thing = owned.pop()) {
    await withinCloseTime(thing).catch((fault: unknown) => faults.push(fault));
  }
  if (faults.length > 0) throw faults[0];
}

/** Work that does not end would keep the process for ever after it was told to stop. */
async function withinCloseTime(thing: Closable): Promise<void> {
  const maxMs = Math.max(MAX_CLOSE_MS, (thing.closesWithinMs ?? 0) + MORE_CLOSE_MS);
  const timer = setTimeout(() => {
    process.stderr.write(`Not everything closed within ${maxMs / 1000} s; ended without waiting any longer\n`);
    process.exit(exitCodes.couldNotRun);
  }, maxMs);
  await thing.close().finally(() => clearTimeout(timer));
}
