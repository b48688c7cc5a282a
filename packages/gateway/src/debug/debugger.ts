import { randomUUID } from "node:crypto";
import type { DeliveredTransaction, Endings } from "@wherefrom/model";
import type { Exchange } from "../exchange.ts";
import type { CompiledSession } from "./compiled-session.ts";
import { requestVariables } from "./request-variables.ts";
import { transactionOf } from "./transaction.ts";

/** Takes a transaction on its way to control. It may lose it, and never blocks. */
export type Deliver = (transaction: DeliveredTransaction) => void;

/** Records exchanges that are over, for the sessions of their snapshot. A request without a session pays nothing. */
export class Debugger {
  readonly #deliver: Deliver;
  readonly #nowMs: () => number;
  readonly #endings: Endings;
  /** How many each session has had here; only of those that the last snapshot with sessions had. */
  #taken = new Map<string, number>();

  /** `nowMs`: since 1970. */
  constructor(deliver: Deliver, { nowMs, endings }: { readonly nowMs: () => number; readonly endings: Endings }) {
    this.#deliver = deliver;
    this.#nowMs = nowMs;
    this.#endings = endings;
  }

  record(exchange: Exchange, durationMs: number): void {
    const sessions = exchange.snapshot.debugSessions;
    if (sessions.length === 0 || exchange.resolution === undefined) return;
    const endedAtMs = this.#nowMs();
    this.#forgetAllBut(sessions);
    const read = requestVariables(exchange);
    for (const { session, isWanted, ending, mask } of sessions) {
      const taken = this.#taken.get(session.id) ?? 0;
      if (taken >= session.count || this.#endings.isOver(ending)) continue;
      if (read("apiproxy.name") !== session.api || !isWanted(read)) continue;
      this.#taken.set(session.id, taken + 1);
      const transaction = transactionOf(exchange, { mask, beganAtMs: endedAtMs - durationMs, endedAtMs });
      this.#deliver({ session: session.id, id: randomUUID(), transaction });
    }
  }

  #forgetAllBut(sessions: readonly CompiledSession[]): void {
    if (this.#taken.size <= sessions.length) return;
    const known = new Set(sessions.map(({ session }) => session.id));
    this.#taken = new Map([...this.#taken].filter(([id]) => known.has(id)));
  }
}
