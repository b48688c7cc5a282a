import type { Exchange } from "./exchange.ts";
import type { Fault } from "./fault.ts";
import type { Runtime } from "./runtime.ts";

/** What a phase says of an exchange: it goes on, now or when something is done, or the gateway answers it here. */
export type Verdict =
  | { readonly kind: "next" }
  | { readonly kind: "later"; readonly done: Promise<void> }
  | { readonly kind: "fault"; readonly fault: Fault };

/** One step in the life of an exchange. It fills in what it found out and never answers by itself, except `forward`. */
export type Phase = (exchange: Exchange, runtime: Runtime) => Verdict;

/** The exchange goes on to the next phase. */
export const NEXT: Verdict = { kind: "next" };

/** The exchange ends here with an answer of the gateway. */
export function faulted(fault: Fault): Verdict {
  return { kind: "fault", fault };
}
