import { bytesOf, type DebugLimits, type DebugSessionKey, type DebugStore, type KeptTransaction } from "./debug-port.ts";

type Kept = KeptTransaction & { readonly at: number; readonly bytes: number };
/** By id, in the order in which they came. */
type Session = Map<string, Kept>;

/** Keeps what debug sessions recorded in the memory of one process, with which it goes. */
export function memoryDebugStore({ maxTransactions, maxSessionBytes, maxDebugSessions }: DebugLimits): DebugStore {
  /** The one that got something last stands last. */
  const sessions = new Map<string, Session>();
  const keptOf = (key: DebugSessionKey, since: number): readonly Kept[] =>
    [...(sessions.get(nameOf(key))?.values() ?? [])].filter(({ at }) => at >= since);
  return {
    async add(key, { transactions, at }) {
      const session: Session = sessions.get(nameOf(key)) ?? new Map();
      let held = [...session.values()].reduce((sum, kept) => sum + kept.bytes, 0);
      for (const transaction of transactions) {
        const bytes = bytesOf(transaction);
        if (session.has(transaction.id) || session.size >= maxTransactions || held + bytes > maxSessionBytes) continue;
        held += bytes;
        session.set(transaction.id, { ...transaction, at, bytes });
        sessions.delete(nameOf(key));
        sessions.set(nameOf(key), session);
      }
      for (const name of [...sessions.keys()].slice(0, -maxDebugSessions)) sessions.delete(name);
    },
    list: async (key, since) => keptOf(key, since).map(toldOf),
    ids: async (key, since) => keptOf(key, since).map(({ id }) => id),
    async transaction(key, { id, since }) {
      const kept = keptOf(key, since).find((each) => each.id === id);
      return kept && toldOf(kept);
    },
    async delete(key) {
      sessions.delete(nameOf(key));
    },
    async forget(before) {
      for (const [name, session] of sessions) {
        for (const { id, at } of session.values()) if (at < before) session.delete(id);
        if (session.size === 0) sessions.delete(name);
      }
    },
  };
}

function nameOf({ organization, environment, session }: DebugSessionKey): string {
  return `${organization}/${environment}/${session}`;
}

function toldOf({ id, gateway, transaction }: Kept): KeptTransaction {
  return { id, gateway, transaction };
}
