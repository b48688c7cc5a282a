import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import { NEXT, type Verdict } from "../verdict.ts";
import { Passage } from "./passage.ts";
import { forwardWebSocket } from "./websocket/websocket.ts";

/** Phase: sends the request to its target and the answer back, as it comes. It returns at once and answers later. */
export function forward(exchange: Exchange, runtime: Runtime): Verdict {
  const { route, upgrade } = exchange;
  if (route === undefined) return NEXT;
  if (upgrade === undefined) new Passage(exchange, { route, runtime }).begin();
  else forwardWebSocket(exchange, { route, upgrade, runtime });
  return NEXT;
}
