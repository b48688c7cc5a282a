import { STATUS_CODES } from "node:http";
import type { DebugPoint, DebugResult, DebugTransaction } from "@wherefrom/model";
import type { Exchange } from "../exchange.ts";
import type { Mask } from "./mask.ts";
import { pathSuffixOf } from "./request-variables.ts";

/** How an exchange is written down: what is hidden in it, and when it began and ended, in milliseconds since 1970. */
type Writing = { readonly mask: Mask; readonly beganAtMs: number; readonly endedAtMs: number };

type Properties = Readonly<Record<string, string | undefined>>;

/**
 * One exchange as a debug session shows it: points in the order in which Apigee has them, `client_ip_resolution.*` just before the state
 * PROXY_REQ_FLOW, which its page calls "Proxy Request Flow Started". Bodies are not in it.
 *
 * Source: Apigee, "Client IP resolution", Test; GoogleCloudApigeeV1Point.
 */
export function transactionOf(exchange: Exchange, writing: Writing): DebugTransaction {
  const isComplete = exchange.status === 101 || exchange.response.writableFinished;
  return {
    completed: isComplete,
    point: [...requestPoints(exchange, writing), ...targetPoints(exchange, writing), ...endPoints(exchange, writing)],
  };
}

function requestPoints(exchange: Exchange, writing: Writing): DebugPoint[] {
  const { beganAtMs } = writing;
  const { snapshot } = exchange;
  const route = exchange.routeAsked();
  const info = (properties: Properties): DebugPoint => ({ id: "FlowInfo", results: [debugInfo(properties, beganAtMs)] });
  return [
    { id: "StateChange", results: [stateChange("REQ_START", "REQ_HEADERS_PARSED", beganAtMs), requestMessage(exchange, writing)] },
    info({ "environment.name": snapshot.environment, "organization.name": snapshot.organization }),
    info({
      "apiproxy.name": route?.route.name,
      "apiproxy.revision": String(snapshot.revision),
      "proxy.basepath": route?.route.basePath,
      "proxy.pathsuffix": pathSuffixOf(exchange),
      "client.ip": exchange.flowVariable("client.ip"),
      "proxy.client.ip": exchange.flowVariable("proxy.client.ip"),
    }),
    {
      id: "FlowInfo",
      results: [debugInfo(resolutionProperties(exchange), beganAtMs), debugInfo(explanationProperties(exchange), beganAtMs)],
    },
    { id: "StateChange", results: [stateChange("REQ_HEADERS_PARSED", "PROXY_REQ_FLOW", beganAtMs)] },
    ...securityPoints(exchange, beganAtMs),
  ];
}

const RESOLUTION_VARIABLES = ["resolved.ip", "used.fallback", "algorithm", "trust", "reason", "key"].map(
  (name) => `client_ip_resolution.${name}`,
);

function resolutionProperties(exchange: Exchange): Properties {
  return Object.fromEntries(RESOLUTION_VARIABLES.map((name) => [name, exchange.flowVariable(name)]));
}

/** Why it is that address, a sentence a property. */
function explanationProperties(exchange: Exchange): Properties {
  const sentences = exchange.explanation()?.sentences ?? [];
  return Object.fromEntries(sentences.map((sentence, at) => [`wherefrom.explanation.${at + 1}`, sentence]));
}

function securityPoints({ securityAction, resolution, request }: Exchange, atMs: number): DebugPoint[] {
  const effect = (["allow", "deny", "flag"] as const).find((name) => securityAction?.[name] !== undefined);
  const looked = {
    "api_security_action.action": effect?.toUpperCase() ?? "ACTION_TYPE_NOT_SET",
    "api_security_action.name": securityAction?.name,
    "api_security_action.ip": resolution?.ip ?? undefined,
    "api_security_action.httpMethod": request.method,
  };
  const points: DebugPoint[] = [{ id: "FlowInfo", results: [debugInfo(looked, atMs)] }];
  if (effect !== undefined) points.push({ id: "Execution", results: [debugInfo({ type: "ApiSecurityAction", result: "true" }, atMs)] });
  return points;
}

function targetPoints({ sentTo, attempts }: Exchange, { beganAtMs }: Writing): DebugPoint[] {
  if (sentTo === undefined) return [];
  return [
    { id: "StateChange", results: [stateChange("PROXY_REQ_FLOW", "TARGET_REQ_FLOW", beganAtMs)] },
    { id: "FlowInfo", results: [debugInfo({ "target.url": sentTo, "target.attempts": String(attempts) }, beganAtMs)] },
    { id: "StateChange", results: [stateChange("TARGET_REQ_FLOW", "REQ_SENT", beganAtMs)] },
  ];
}

function endPoints(exchange: Exchange, writing: Writing): DebugPoint[] {
  const { endedAtMs } = writing;
  const before = exchange.sentTo === undefined ? "PROXY_REQ_FLOW" : "REQ_SENT";
  const said = exchange.fault === undefined ? [] : [{ id: "Error", results: [errorMessage(exchange, writing)] }];
  return [
    ...said,
    { id: "StateChange", results: [stateChange(before, "RESP_SENT", endedAtMs), responseMessage(exchange, writing)] },
    { id: "StateChange", results: [stateChange("RESP_SENT", "END", endedAtMs)] },
  ];
}

function requestMessage({ request, target }: Exchange, { mask, beganAtMs }: Writing): DebugResult {
  return {
    ActionResult: "RequestMessage",
    timestamp: timestampOf(beganAtMs),
    verb: request.method ?? "",
    uRI: mask.uri(target?.pathAndQuery ?? request.url ?? ""),
    headers: pairsOf(request.rawHeaders, mask),
  };
}

function responseMessage({ status, responseFields }: Exchange, { mask, endedAtMs }: Writing): DebugResult {
  return {
    ActionResult: "ResponseMessage",
    timestamp: timestampOf(endedAtMs),
    statusCode: status === undefined ? "" : String(status),
    reasonPhrase: STATUS_CODES[status ?? 0] ?? "",
    headers: pairsOf(responseFields, mask),
  };
}

function errorMessage({ fault, status, responseFields }: Exchange, { mask, endedAtMs }: Writing): DebugResult {
  return {
    ActionResult: "ErrorMessage",
    timestamp: timestampOf(endedAtMs),
    content: fault ?? "",
    statusCode: status === undefined ? "" : String(status),
    reasonPhrase: STATUS_CODES[status ?? 0] ?? "",
    headers: pairsOf(responseFields, mask),
  };
}

function stateChange(from: string, to: string, atMs: number): DebugResult {
  return debugInfo({ From: from, To: to }, atMs);
}

function debugInfo(properties: Properties, atMs: number): DebugResult {
  const property = Object.entries(properties).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  return { ActionResult: "DebugInfo", timestamp: timestampOf(atMs), properties: { property } };
}

function pairsOf(fields: readonly string[], mask: Mask): { name: string; value: string }[] {
  const pairs: { name: string; value: string }[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? "";
    pairs.push({ name, value: mask.field(name, fields[at + 1] ?? "") });
  }
  return pairs;
}

/** `dd-mm-yy hh:mm:ss:xxx` in UTC, as Apigee writes it. */
function timestampOf(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(8, 10)}-${iso.slice(5, 7)}-${iso.slice(2, 4)} ${iso.slice(11, 19)}:${iso.slice(20, 23)}`;
}
