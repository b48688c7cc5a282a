import { createAttempts } from "./attempts.ts";

/** Something that is looked at again and again, for the life of a control. */
export type RegularLook = {
  /** Looks now, when the look before is over. */
  look(): Promise<void>;
  /** Resolves when nothing is going on any more. */
  close(): Promise<void>;
};

type Looking = {
  /** One at a time. */
  readonly look: () => Promise<void>;
  /** A look failed, and the one before it had not. */
  readonly onFault: (error: unknown) => void;
  /** In milliseconds. */
  readonly everyMs: number;
};

/** Looks every so often. A look that fails keeps no other from coming and is told, once while it goes on; and one that takes longer than the pause is followed by one and not by as many as there was time for. */
export function lookRegularly({ look, onFault, everyMs }: Looking): RegularLook {
  const attempt = createAttempts();
  let turn = Promise.resolve();
  let isWaiting = false;
  const begin = async (): Promise<void> => {
    isWaiting = false;
    await attempt({ name: "look", work: look, onFault });
  };
  const next = (): Promise<void> => {
    isWaiting = true;
    turn = turn.then(begin);
    return turn;
  };
  const timer = setInterval(() => {
    if (!isWaiting) void next();
  }, everyMs);
  return {
    look: next,
    close() {
      clearInterval(timer);
      return turn;
    },
  };
}
