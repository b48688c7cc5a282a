import { claimsClient } from "@wherefrom/model";
import { loopField } from "../accept/loop.ts";
import { flagFields } from "../admit/flag-fields.ts";
import type { Exchange } from "../exchange.ts";
import type { GatewayLimits } from "../limits.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { CompiledTarget } from "../route/targets.ts";
import type { Runtime } from "../runtime.ts";
import type { HopSigner } from "../signed-hop/hop-signer.ts";
import { explanationValue } from "./explanation-header.ts";
import { addForwardingFields } from "./forwarding-headers.ts";
import { isHopByHop, passing } from "./hop-by-hop.ts";
import { knownNames } from "./known-names.ts";
import { isOwnName } from "./own-names.ts";

/** What a client says by these names is for the gateway, or not to be believed. */
const staysBehind = knownNames((name) => isOwn(name) || isHopByHop(name) || claimsClient(name));

/**
 * The header for the target, as `[name, value, name, value]`: what the client sent and is not about its own connection or about who it is, then what the gateway
 * says about that. Lines keep their order, their spelling and their number. Host is the target's: the client's is in X-Forwarded-Host.
 */
export function requestFields(exchange: Exchange, { route, target, runtime }: RequestFieldsContext): string[] {
  const { request, snapshot } = exchange;
  const { ownNames } = snapshot;
  const isForGateway = ownNames.size === 0 ? staysBehind : (name: string) => staysBehind(name) || isOwnName(name, ownNames);
  const fields = passing(request.rawHeaders, isForGateway);
  fields.unshift("Host", target.host);
  // Added after the stripping: what a client names in Connection cannot take these away.
  if (exchange.securityAction !== undefined) fields.push(...flagFields(exchange));
  addForwardingFields(fields, exchange);
  const { signer } = runtime.signedHops;
  if (signer !== undefined) fields.push(...hopFields(exchange, { target, signer }));
  fields.push(loopField[0], loopField[1]);
  if (route.route.sendExplanation) fields.push(...explanationFields(exchange, roomFor(exchange, { fields, limits: runtime.limits })));
  return fields;
}

type RequestFieldsContext = { readonly route: CompiledRoute; readonly target: CompiledTarget; readonly runtime: Runtime };

/** The signed hop, bound to the request as the target gets it. Signed anew for each attempt: the next gateway takes none twice. */
function hopFields({ request, resolution, target: asked }: Exchange, { target, signer }: HopContext): string[] {
  if (resolution === undefined || asked === undefined) return [];
  const bound = { method: request.method ?? "", host: target.host, pathAndQuery: asked.pathAndQuery };
  return signer.fieldsFor(resolution, { origin: target.origin, request: bound });
}

type HopContext = { readonly target: CompiledTarget; readonly signer: HopSigner };

/** Request line, and what undici or Node adds: `Connection`, `Content-Length`. */
const OTHER_BYTES = 512;

/** How much an explanation may take: a target that takes no longer header than the gateway must not refuse a request because of it. */
function roomFor({ target }: Exchange, { fields, limits }: { fields: readonly string[]; limits: GatewayLimits }): number {
  const separators = fields.length * 2;
  const taken = fields.reduce((sum, text) => sum + text.length, separators) + (target?.pathAndQuery.length ?? 0) + OTHER_BYTES;
  return Math.min(limits.maxExplanationBytes, limits.maxHeaderBytes - taken);
}

function explanationFields(exchange: Exchange, maxBytes: number): string[] {
  const value = explanationValue(exchange, maxBytes);
  return value === "" ? [] : ["X-Wherefrom-Explanation", value];
}

/**
 * Fields that the gateway answers or sets itself, and `Proxy`, which HTTP does not know: behind CGI it is the variable HTTP_PROXY, by which programs choose
 * through whom they speak (CVE-2016-5385).
 */
function isOwn(name: string): boolean {
  return name === "host" || name === "expect" || name === "trailer" || name === "proxy";
}
