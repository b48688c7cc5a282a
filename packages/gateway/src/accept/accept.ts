import type { Exchange } from "../exchange.ts";
import { fault } from "../fault.ts";
import type { Runtime } from "../runtime.ts";
import { faulted, NEXT, type Verdict } from "../verdict.ts";
import { framingFault, readFraming, tooManyFields } from "./framing.ts";
import { handshakeFault } from "./handshake.ts";
import { findDoubts } from "./header-doubts.ts";
import { readRequestTarget } from "./request-target.ts";

const loop = fault(508, { code: "REQUEST_LOOP", message: "The request has been through gateways too often: a target leads back to one" });

/**
 * Phase: takes only requests that every reader reads alike. It decides about form and never about the client. The number of fields comes
 * first, as nothing else about a flooded header can be relied upon.
 */
export function accept(exchange: Exchange, { limits, tally }: Runtime): Verdict {
  const { request, upgrade } = exchange;
  if (request.rawHeaders.length / 2 > limits.maxHeaderFields) return faulted(tooManyFields);
  const fields = readFraming(request.rawHeaders);
  const framing = framingFault(request, { fields, limits });
  if (framing !== undefined) return faulted(framing);
  if (fields.passes >= limits.maxGatewayPasses) return faulted(loop);
  const reading = readRequestTarget(request.url ?? "", { fields, version: request.httpVersion, maxTargetBytes: limits.maxTargetBytes });
  if (reading.kind === "fault") return faulted(reading.fault);
  exchange.target = reading.target;
  findDoubts(exchange, { fields, onDoubt: tally.countDoubt });
  if (upgrade === undefined) return NEXT;
  const handshake = handshakeFault(request, { fields, headBytes: upgrade.head.length, maxHeadBytes: limits.maxUpgradeHeadBytes });
  return handshake === undefined ? NEXT : faulted(handshake);
}
