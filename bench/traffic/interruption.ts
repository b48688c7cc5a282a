const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Does something, and when it is interrupted meanwhile, Ctrl-C included, clears up at once and ends the process. What is left at its own end its caller clears up. */
export async function clearingUp<Result>(clearUp: () => void, act: () => Promise<Result>): Promise<Result> {
  const stop = (): void => {
    clearUp();
    process.exit(130);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await act();
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
