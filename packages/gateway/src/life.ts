import { escapeText } from "wherefrom";
import { accept } from "./accept/accept.ts";
import { admit } from "./admit/admit.ts";
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

const brokenHere = closingFault(500, { code: "GATEWAY_FAULT", message: "The gateway failed on this request" });

/** MAIN PATH. Takes one exchange through its phases; the first that finds a fault ends it. Never throws. */
export function live(exchange: Exchange, runtime: Runtime): void {
  exchange.whenOver(() => record(exchange, runtime));
  try {
    for (const phase of phases) {
      const verdict = phase(exchange, runtime);
      if (verdict.kind === "fault") return exchange.refuse(verdict.fault);
    }
  } catch (error) {
    runtime.onNotice({ level: "warning", code: "EXCHANGE_FAILED", message: `An exchange failed: ${escapeText(String(error))}` });
    exchange.refuse(brokenHere);
  }
}
