import type { Exchange } from "../exchange.ts";
import { closingFault } from "../fault.ts";
import type { Runtime } from "../runtime.ts";
import { faulted, NEXT, type Verdict } from "../verdict.ts";

/** Soon, but not at once: who was refused comes back when others have gone. */
const RETRY_AFTER_S = "2";

const overloaded = closingFault(503, {
  code: "GATEWAY_OVERLOADED",
  message: "The gateway has too much to do",
  fields: ["Retry-After", RETRY_AFTER_S],
});

/** Phase: refuses new requests while there is too much to do, before any work is done for them. It looks at nothing of the request. */
export function shed({ response }: Exchange, { overload }: Runtime): Verdict {
  if (!overload.takesRequests()) return faulted(overloaded);
  if (!overload.keepsConnections()) response.shouldKeepAlive = false;
  return NEXT;
}
