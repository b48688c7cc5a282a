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
 * resolved and signed goes before the policy; a hop that is not believed counts as none. Only where another process remembers used hops does it take
 * its time, and only for a request that has one.
 */
export function identify(exchange: Exchange, runtime: Runtime): Verdict {
  const evidence = evidenceOf(exchange.request, { peer: exchange.connection.peer });
  const hop = readHop(exchange, { evidence, runtime });
  if (hop instanceof Promise) return { kind: "later", done: hop.then((settled) => conclude(exchange, { evidence, hop: settled })) };
  conclude(exchange, { evidence, hop });
  return NEXT;
}

type Findings = { readonly evidence: Evidence; readonly hop: HopVerdict | undefined };

function conclude(exchange: Exchange, { evidence, hop }: Findings): void {
  const { snapshot } = exchange;
  exchange.evidence = evidence;
  exchange.hop = hop;
  exchange.resolution = hop?.kind === "accepted" ? resolutionOfHop(hop, snapshot.peers) : snapshot.resolver.resolve(evidence);
}

const HOP_NAME = hopHeader.toLowerCase();

function readHop(
  { request, target }: Exchange,
  { evidence, runtime }: { readonly evidence: Evidence; readonly runtime: Runtime },
): HopVerdict | Promise<HopVerdict> | undefined {
  const { reader } = runtime.signedHops;
  if (reader === undefined || target === undefined) return undefined;
  const bound = { method: request.method ?? "", host: target.host ?? "", pathAndQuery: target.pathAndQuery };
  return reader.read(evidence.lines(HOP_NAME), { peer: evidence.peer, request: bound });
}
