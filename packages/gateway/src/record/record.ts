import { escapeText } from "wherefrom";
import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/**
 * Last phase: counts the exchange and hands out its record. A listener that throws loses its record, and no request fails or waits for it. What a load balancer asks for itself
 * is no client's request: it is neither counted nor debugged.
 */
export function record(exchange: Exchange, { debug, records, onExchange, onNotice, now, tally }: Runtime): void {
  // Only asked about another, which has a record of its own.
  if (exchange.asked !== undefined) return;
  const durationMs = now() - exchange.startedAtMs;
  const isClients = isOfClient(exchange);
  if (isClients) tally.count(exchange, durationMs);
  try {
    if (isClients) debug.record(exchange, durationMs);
    if (onExchange === undefined && records === undefined) return;
    const made = recordOf(exchange, durationMs);
    records?.add(made, exchange);
    onExchange?.(made);
  } catch (error) {
    dropRecord(error, { onNotice, tally });
  }
}

/** Whoever was to take a record threw. */
export function dropRecord(error: unknown, { onNotice, tally }: Pick<Runtime, "onNotice" | "tally">): void {
  tally.dropRecord();
  onNotice({ level: "warning", code: "RECORD_FAILED", message: `A record was dropped: ${escapeText(String(error))}` });
}

function isOfClient({ connection }: Exchange): boolean {
  return connection.isSendersOwn === undefined;
}

function recordOf(exchange: Exchange, durationMs: number): ExchangeRecord {
  return {
    durationMs,
    method: exchange.request.method ?? "",
    httpVersion: exchange.request.httpVersion,
    requestTarget: exchange.request.url ?? "",
    fields: exchange.request.rawHeaders,
    host: exchange.target?.host,
    pathAndQuery: exchange.target?.pathAndQuery,
    peer: exchange.connection.peer,
    isClients: isOfClient(exchange),
    resolution: exchange.resolution,
    signedHop: exchange.hop?.kind === "refused" ? exchange.hop.reason : exchange.hop?.kind,
    securityAction: exchange.securityAction,
    observedAction: exchange.observedAction,
    decision: exchange.decision,
    route: exchange.route?.route.name,
    target: exchange.sentTo,
    attempts: exchange.attempts,
    targetMs: exchange.targetMs,
    status: exchange.status,
    fault: exchange.fault,
    isComplete: exchange.status === 101 || exchange.response.writableFinished,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    revision: exchange.snapshot.revision,
    flowVariable: (name) => exchange.flowVariable(name),
  };
}
