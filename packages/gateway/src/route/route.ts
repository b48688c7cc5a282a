import type { Exchange } from "../exchange.ts";
import { fault } from "../fault.ts";
import { faulted, NEXT, type Verdict } from "../verdict.ts";

const noRoute = fault(404, { code: "NO_ROUTE", message: "No route of this environment matches the host and path" });

/** Phase: finds the route by host and path. It never looks at the client. */
export function route(exchange: Exchange): Verdict {
  exchange.route = exchange.target && exchange.snapshot.routes.match(exchange.target);
  return exchange.route === undefined ? faulted(noRoute) : NEXT;
}
