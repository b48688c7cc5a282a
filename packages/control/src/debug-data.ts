import type { DebugTransaction, DeliveredTransaction } from "@wherefrom/model";

export type DebugDataLimits = {
  /** Recorded requests kept of one session, of all gateways together. */
  readonly maxTransactions: number;
  /** Size of what is kept of one session, in bytes of its JSON: a gateway decides how large a request is. */
  readonly maxSessionBytes: number;
  /** Sessions of all environments of which anything is kept. */
  readonly maxDebugSessions: number;
  /** How long what a session recorded is kept, from its last request on. */
  readonly debugDataMaxAgeMs: number;
};

/** One recorded request. */
export type KeptTransaction = { readonly id: string; readonly gateway: string; readonly transaction: DebugTransaction };

type Kept = { readonly transactions: Map<string, KeptTransaction>; bytes: number; changedAt: number };

/**
 * What debug sessions recorded. Only in the memory of this control: it shows what clients send, so it goes with the process, and after a day at the latest.
 */
export class DebugData {
  readonly #limits: DebugDataLimits;
  readonly #now: () => number;
  /** By the name of the environment and the session's id; the one that changed last stands last. */
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Set<() => void>();

  constructor(limits: DebugDataLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Keeps a transaction; a second one of its id, one too many or one too large changes nothing. */
  add(environment: string, { gateway, delivered }: { readonly gateway: string; readonly delivered: DeliveredTransaction }): void {
    this.#forgetOld();
    const name = keyOf(environment, delivered.session);
    const kept = this.#kept.get(name) ?? { transactions: new Map(), bytes: 0, changedAt: 0 };
    if (kept.transactions.size >= this.#limits.maxTransactions || kept.transactions.has(delivered.id)) return;
    const bytes = Buffer.byteLength(JSON.stringify(delivered.transaction));
    if (kept.bytes + bytes > this.#limits.maxSessionBytes) return;
    kept.bytes += bytes;
    kept.transactions.set(delivered.id, { id: delivered.id, gateway, transaction: delivered.transaction });
    kept.changedAt = this.#now();
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    for (const wake of this.#waiting) wake();
  }

  /** In the order in which they came. */
  list(environment: string, session: string): readonly KeptTransaction[] {
    this.#forgetOld();
    return [...(this.#kept.get(keyOf(environment, session))?.transactions.values() ?? [])];
  }

  get(environment: string, session: string, id: string): KeptTransaction | undefined {
    this.#forgetOld();
    return this.#kept.get(keyOf(environment, session))?.transactions.get(id);
  }

  delete(environment: string, session: string): void {
    this.#kept.delete(keyOf(environment, session));
  }

  /** Resolves when anything was added, when the time is over, or when the signal aborts. */
  changed({ timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.add(done);
      if (signal.aborted) done();
    });
  }

  #forgetOld(): void {
    const oldest = this.#now() - this.#limits.debugDataMaxAgeMs;
    for (const [name, { changedAt }] of this.#kept) {
      if (changedAt >= oldest && this.#kept.size <= this.#limits.maxDebugSessions) return;
      this.#kept.delete(name);
    }
  }
}

function keyOf(environment: string, session: string): string {
  return `${environment}/${session}`;
}
