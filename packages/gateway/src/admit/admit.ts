import { fieldLines } from "../accept/field-lines.ts";
import type { Exchange } from "../exchange.ts";
import { fault } from "../fault.ts";
import type { Runtime } from "../runtime.ts";
import { faulted, NEXT, type Verdict } from "../verdict.ts";

const DEFAULT_REJECT_STATUS = 400;

/** Phase: lets in only requests that have an address, and none that a security action denies. */
export function admit(exchange: Exchange, { tally, placeOf, endings }: Runtime): Verdict {
  const { resolution } = exchange;
  if (resolution?.outcome === "rejected") return withoutAddress(exchange, resolution.reason ?? "no reason");
  if (resolution === undefined) return NEXT;
  const { securityActions } = exchange.snapshot;
  if (securityActions.isEmpty) return NEXT;
  const { enforced, observed } = securityActions.judge({
    resolution,
    method: exchange.request.method ?? "",
    userAgents: () => fieldLines(exchange.request.rawHeaders, "user-agent"),
    placeOf,
    routeName: () => exchange.routeAsked()?.route.name,
    isOver: (ending) => endings.isOver(ending),
  });
  if (observed === undefined) return NEXT;
  exchange.securityAction = enforced;
  if (observed !== enforced) exchange.observedAction = observed;
  tally.countAction({ enforced, observed });
  if (enforced?.deny === undefined) return NEXT;
  return faulted(fault(enforced.deny.responseCode, { code: "CLIENT_DENIED", message: "A security action denies this request" }));
}

/** Without an address the route's own status is the answer, 400 where there is no route. */
function withoutAddress(exchange: Exchange, reason: string): Verdict {
  return faulted(
    fault(exchange.routeAsked()?.route.rejectStatus ?? DEFAULT_REJECT_STATUS, {
      code: "CLIENT_ADDRESS_UNKNOWN",
      message: `The client address cannot be determined: ${reason}`,
    }),
  );
}
