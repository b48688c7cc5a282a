import { evidenceOf } from "wherefrom/node";
import type { Exchange } from "../exchange.ts";
import { NEXT, type Verdict } from "../verdict.ts";

/** Phase: resolves the client. The only place that does, and once: everything later reads what stands on the exchange. */
export function identify(exchange: Exchange): Verdict {
  const { peer } = exchange.connection;
  exchange.evidence = evidenceOf(exchange.request, { peer });
  exchange.resolution = exchange.snapshot.resolver.resolve(exchange.evidence);
  return NEXT;
}
