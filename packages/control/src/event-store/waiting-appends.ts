/** Adds what comes together: each call of `append` at a time, and all that came meanwhile with the next one. */
export type WaitingAppends<Appending, Appended> = {
  add(appending: Appending): Promise<Appended>;
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>;
};

type Waiting<Appending, Appended> = {
  readonly appending: Appending;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
};

/** At most `maxTogether` at a time. One that fails fails for all that were added with it. */
export function waitingAppends<Appending, Appended>(
  append: (appendings: readonly Appending[]) => Promise<readonly Appended[]>,
  { maxTogether }: { readonly maxTogether: number },
): WaitingAppends<Appending, Appended> {
  const waiting: Waiting<Appending, Appended>[] = [];
  let turn: Promise<void> = Promise.resolve();
  const next = async (): Promise<void> => {
    const together = waiting.splice(0, maxTogether);
    if (together.length === 0) return;
    try {
      const answers = await append(together.map(({ appending }) => appending));
      for (const [index, answer] of answers.entries()) together[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  };
  return {
    add(appending) {
      const appended = new Promise<Appended>((resolve, reject) => waiting.push({ appending, resolve, reject }));
      turn = turn.then(next);
      return appended;
    },
    settled: () => turn,
  };
}
