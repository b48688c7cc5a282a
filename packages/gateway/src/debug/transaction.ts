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
  return [
    { id: "StateChange", results: [stateChange("REQ_START", "REQ_HEADERS_PARSED", beganAtMs), requestMessage(exchange, writing)] },
    flowInfo({ "environment.name": snapshot.environment }, writing),
    flowInfo({ "organization.name": snapshot.organization }, writing),
    flowInfo({ "apiproxy.name": route?.route.name, "apiproxy.revision": String(snapshot.revision) }, writing),
    flowInfo(
      {
        "proxy.basepath": route?.route.basePath,
        "proxy.pathsuffix": pathSuffixOf(exchange),
        "client.ip": exchange.flowVariable("client.ip"),
        "proxy.client.ip": exchange.flowVariable("proxy.client.ip"),
      },
      writing,
    ),
    resolutionPoint(exchange, writing),
    { id: "StateChange", results: [stateChange("REQ_HEADERS_PARSED", "PROXY_REQ_FLOW", beganAtMs)] },
    ...securityPoints(exchange, writing),
  ];
}

const RESOLUTION_VARIABLES = ["resolved.ip", "used.fallback", "algorithm", "trust", "reason", "key"].map(
  (name) => `client_ip_resolution.${name}`,
);

/** What the client was resolved to, and beside it why, a sentence a property. */
function resolutionPoint(exchange: Exchange, { mask, beganAtMs }: Writing): DebugPoint {
  const variables = Object.fromEntries(RESOLUTION_VARIABLES.map((name) => [name, exchange.flowVariable(name)]));
  const sentences = (exchange.explanation()?.sentences ?? []).map((sentence) => mask.variable("wherefrom.explanation", sentence));
  const explanation = Object.fromEntries(sentences.map((sentence, at) => [`wherefrom.explanation.${at + 1}`, sentence]));
  return { id: "FlowInfo", results: [debugInfo(masked(variables, mask), beganAtMs), debugInfo(explanation, beganAtMs)] };
}

function securityPoints({ securityAction, resolution, request }: Exchange, writing: Writing): DebugPoint[] {
  const effect = (["allow", "deny", "flag"] as const).find((name) => securityAction?.[name] !== undefined);
  const looked = {
    "api_security_action.action": effect?.toUpperCase() ?? "ACTION_TYPE_NOT_SET",
    "api_security_action.name": securityAction?.name,
    "api_security_action.ip": resolution?.ip ?? undefined,
    "api_security_action.httpMethod": request.method,
  };
  const points: DebugPoint[] = [flowInfo(looked, writing)];
  if (effect !== undefined) {
    points.push({ id: "Execution", results: [debugInfo({ type: "ApiSecurityAction", result: "true" }, writing.beganAtMs)] });
  }
  return points;
}

/** Up to the answer of the target, if it gave one. */
function targetPoints(exchange: Exchange, writing: Writing): DebugPoint[] {
  const { sentTo, attempts } = exchange;
  const { beganAtMs, endedAtMs } = writing;
  if (sentTo === undefined) return [];
  const asked: DebugPoint[] = [
    { id: "StateChange", results: [stateChange("PROXY_REQ_FLOW", "TARGET_REQ_FLOW", beganAtMs)] },
    flowInfo({ "target.url": sentTo, "target.attempts": String(attempts) }, writing),
    { id: "StateChange", results: [stateChange("TARGET_REQ_FLOW", "REQ_SENT", beganAtMs)] },
  ];
  if (!hasAnswered(exchange)) return asked;
  const answered = ["REQ_SENT", "RESP_START", "TARGET_RESP_FLOW", "PROXY_RESP_FLOW"];
  return [
    ...asked,
    ...answered.slice(1).map((to, at) => ({ id: "StateChange", results: [stateChange(answered[at] ?? "", to, endedAtMs)] })),
  ];
}

/** Whether the answer is the target's own. */
function hasAnswered({ sentTo, fault }: Exchange): boolean {
  return sentTo !== undefined && fault === undefined;
}

function endPoints(exchange: Exchange, writing: Writing): DebugPoint[] {
  const { endedAtMs } = writing;
  const before = exchange.sentTo === undefined ? "PROXY_REQ_FLOW" : hasAnswered(exchange) ? "PROXY_RESP_FLOW" : "REQ_SENT";
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
    uRI: mask.variable("request.uri", mask.uri(target?.pathAndQuery ?? request.url ?? "")),
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

function flowInfo(properties: Properties, { mask, beganAtMs }: Writing): DebugPoint {
  return { id: "FlowInfo", results: [debugInfo(masked(properties, mask), beganAtMs)] };
}

function masked(properties: Properties, mask: Mask): Properties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, value && mask.variable(name, value)]));
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
