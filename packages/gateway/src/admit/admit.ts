import type { Exchange } from "../exchange.ts";
import { fault } from "../fault.ts";
import { faulted, NEXT, type Verdict } from "../verdict.ts";

const DEFAULT_REJECT_STATUS = 400;

/** Phase: lets in only requests that have an address. Without one the route's own status is the answer, 400 where there is no route. */
export function admit({ resolution, snapshot, target }: Exchange): Verdict {
  if (resolution?.outcome !== "rejected") return NEXT;
  const status = (target && snapshot.routes.match(target)?.route.rejectStatus) ?? DEFAULT_REJECT_STATUS;
  return faulted(
    fault(status, {
      code: "CLIENT_ADDRESS_UNKNOWN",
      message: `The client address cannot be determined: ${resolution.reason ?? "no reason"}`,
    }),
  );
}
