import { hyphenated } from "@wherefrom/model";
import { flagFields } from "../admit/flag-fields.ts";
import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import { NEXT, type Verdict } from "../verdict.ts";

/** What a field says that has nothing to say. It is never left out: an engine that copies fields would leave the client's own in its place. */
const NONE = "none";

/** Last phase of a decision: tells the engine to go on, and who the client is. */
export function answer(exchange: Exchange, _runtime: Runtime): Verdict {
  const { response, resolution } = exchange;
  exchange.status = 200;
  response.writeHead(200, [
    "X-Wherefrom-Client-Ip",
    resolution?.ip ?? NONE,
    "X-Wherefrom-Trust",
    resolution?.trust ?? NONE,
    "X-Wherefrom-Outcome",
    resolution?.outcome ?? NONE,
    "X-Wherefrom-Reason",
    resolution?.reason ?? NONE,
    "X-Wherefrom-Key",
    resolution?.key ?? NONE,
    "X-Wherefrom-Algorithm",
    resolution?.algorithm ?? NONE,
    "X-Wherefrom-Security-Action",
    exchange.securityAction?.name ?? NONE,
    ...allFlagFields(exchange),
    "Cache-Control",
    "no-store",
  ]);
  response.end();
  return NEXT;
}

/** The header of every flag that there is. One that this request does not have is empty, for the same reason. */
function allFlagFields(exchange: Exchange): string[] {
  const fields = flagFields(exchange);
  const told = new Set(fields.filter((_, index) => index % 2 === 0).map((name) => hyphenated(name.toLowerCase())));
  for (const name of exchange.snapshot.securityActions.flagNames) if (!told.has(name)) fields.push(name, "");
  return fields;
}
