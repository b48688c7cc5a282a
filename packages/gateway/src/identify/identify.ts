import type { Evidence } from "wherefrom";
import { evidenceOf } from "wherefrom/node";
import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import type { HopVerdict } from "../signed-hop/hop-reader.ts";
import { resolutionOfHop } from "../signed-hop/hop-resolution.ts";
import { hopHeader } from "../signed-hop/hop-text.ts";
import { NEXT, type Verdict } from "../verdict.ts";

/**
 * Phase: resolves the client. The only place that does, and once: everything later reads what stands on the exchange. What another gateway has
 * resolved and signed goes before the policy; a hop that is not believed counts as none.
 */
export function identify(exchange: Exchange, runtime: Runtime): Verdict {
  const { snapshot, connection } = exchange;
  const evidence = evidenceOf(exchange.request, { peer: connection.peer });
  const hop = readHop(exchange, { evidence, runtime });
  exchange.evidence = evidence;
  exchange.hop = hop;
  exchange.resolution = hop?.kind === "accepted" ? resolutionOfHop(hop, snapshot.peers) : snapshot.resolver.resolve(evidence);
  return NEXT;
}

const HOP_NAME = hopHeader.toLowerCase();

function readHop(
  { request, target }: Exchange,
  { evidence, runtime }: { readonly evidence: Evidence; readonly runtime: Runtime },
): HopVerdict | undefined {
  const { reader } = runtime.signedHops;
  if (reader === undefined || target === undefined) return undefined;
  const bound = { method: request.method ?? "", host: target.host ?? "", pathAndQuery: target.pathAndQuery };
  return reader.read(evidence.lines(HOP_NAME), { peer: evidence.peer, request: bound });
}
