/** One program under measurement. */
export type Subject = {
  readonly name: string;
  /** Builds it. What it gives works through the whole batch, for a number that depends on all of its answers. */
  readonly open: () => () => number;
};

/** Subjects that do the same work. Nothing of them is built, or has run, before it is opened: see `measureCalls`. */
export type Case = {
  readonly name: string;
  /** How many calls one run makes. */
  readonly batch: number;
  readonly subjects: readonly Subject[];
};
