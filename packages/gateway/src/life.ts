import { escapeText } from "wherefrom";
import { accept } from "./accept/accept.ts";
import { admit } from "./admit/admit.ts";
import { answer } from "./decide/answer.ts";
import { ask } from "./decide/ask.ts";
import type { Exchange } from "./exchange.ts";
import { closingFault } from "./fault.ts";
import { forward } from "./forward/forward.ts";
import { identify } from "./identify/identify.ts";
import { shed } from "./overload/shed.ts";
import { record } from "./record/record.ts";
import { route } from "./route/route.ts";
import type { Runtime } from "./runtime.ts";
import type { Phase } from "./verdict.ts";

/** What happens to every exchange, in this order. `record` follows when the answer has gone, whoever gave it. */
const phases: readonly Phase[] = [
  shed, //     is there room for it?
  accept, //   is it a request that everybody reads alike?
  identify, // which client is it from?
  admit, //    may that client in?
  route, //    where does it go?
  forward, //  to the target and back
];

/** What happens to a request that an engine asks about: the engine forwards it itself. */
const decisionPhases: readonly Phase[] = [accept, identify, admit, answer];

/** What happens to the engine's own request: it makes an exchange of the one that it asks about. */
const enginePhases: readonly Phase[] = [shed, ask];

const brokenHere = closingFault(500, { code: "GATEWAY_FAULT", message: "The gateway failed on this request" });

/** MAIN PATH. Takes one exchange through its phases; the first that finds a fault ends it. Never throws. */
export function live(exchange: Exchange, runtime: Runtime): void {
  exchange.whenOver(() => record(exchange, runtime));
  try {
    for (const phase of phasesOf(exchange)) {
      const verdict = phase(exchange, runtime);
      if (verdict.kind === "fault") return exchange.refuse(verdict.fault);
    }
    if (exchange.asked !== undefined) live(exchange.asked, runtime);
  } catch (error) {
    runtime.onNotice({ level: "warning", code: "EXCHANGE_FAILED", message: `An exchange failed: ${escapeText(String(error))}` });
    exchange.refuse(brokenHere);
  }
}

function phasesOf({ decision, connection }: Exchange): readonly Phase[] {
  if (decision !== undefined) return decisionPhases;
  return connection.isEngine === undefined ? phases : enginePhases;
}
