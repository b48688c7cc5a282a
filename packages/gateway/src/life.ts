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
  go(exchange, { phases: phasesOf(exchange), runtime });
}

type Way = { readonly phases: readonly Phase[]; readonly runtime: Runtime };

function go(exchange: Exchange, { phases, runtime }: Way): void {
  try {
    let gone = 0;
    for (const phase of phases) {
      gone += 1;
      const verdict = phase(exchange, runtime);
      if (verdict.kind === "fault") return exchange.refuse(verdict.fault);
      if (verdict.kind === "later") return goLater(exchange, { after: verdict.done, phases: phases.slice(gone), runtime });
    }
    if (exchange.asked !== undefined) live(exchange.asked, runtime);
  } catch (error) {
    fail(exchange, { error, runtime });
  }
}

/** Goes on when something is done, unless the client has left by then or sent what had to be refused. */
function goLater(exchange: Exchange, { after, ...way }: Way & { readonly after: Promise<void> }): void {
  after.then(
    () => {
      if (!exchange.isOver && exchange.status === undefined) go(exchange, way);
    },
    (error: unknown) => fail(exchange, { error, runtime: way.runtime }),
  );
}

function fail(exchange: Exchange, { error, runtime }: { readonly error: unknown; readonly runtime: Runtime }): void {
  runtime.onNotice({ level: "warning", code: "EXCHANGE_FAILED", message: `An exchange failed: ${escapeText(String(error))}` });
  exchange.refuse(brokenHere);
}

function phasesOf({ decision, connection }: Exchange): readonly Phase[] {
  if (decision !== undefined) return decisionPhases;
  return connection.isEngine === undefined ? phases : enginePhases;
}
