/** What a person reads of a cause. */
export type CauseWords = {
  readonly title: string;
  readonly symptom: string;
  /** What tells it from the causes that look like it. */
  readonly tell: string;
  readonly caution?: string;
  /** What to do on the products whose fix is no command, by the product. */
  readonly fixes?: Readonly<Record<string, string>>;
};

/** What a person reads of signals, warnings, examinations and causes, by name or id. `{test}` in a warning stands for the id of an examination. */
export type Words = {
  readonly signals: Readonly<Record<string, string>>;
  readonly warnings: Readonly<Record<string, string>>;
  readonly tests: Readonly<Record<string, { readonly title: string; readonly do: string }>>;
  readonly causes: Readonly<Record<string, CauseWords>>;
};
