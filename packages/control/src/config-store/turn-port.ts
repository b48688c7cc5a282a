/**
 * Whose turn it is to do what one of several controls over the same database is to do, such as to look at an environment. Not a lock: who takes longer than
 * it has the turn for is not alone any more, so what is done in it is done once by other means.
 */
export type TurnStore = {
  /**
   * Takes the turn, or keeps it, for so many milliseconds by the clock of the database. Resolves with whether it has it: not while another control does.
   * `name` is anything that the controls agree on.
   */
  take(name: string, forMs: number): Promise<boolean>;
  /** Leaves the turn to whoever asks next, if it has it. All turns are given up when the store is closed. */
  giveUp(name: string): Promise<void>;
};

/** For a database that one process has. */
export const ALWAYS_MY_TURN: TurnStore = { take: async () => true, giveUp: async () => undefined };
