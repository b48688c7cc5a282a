import { escapeText } from "wherefrom";
import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/**
 * Last phase: counts the exchange and hands out its record, to the access log and the events first. A listener that throws loses its record, and no request
 * fails or waits for it.
 */
export function record(exchange: Exchange, { accessLog, debug, events, onExchange, onNotice, now, tally }: Runtime): void {
  // Only asked about another, which has a record of its own.
  if (exchange.asked !== undefined) return;
  const durationMs = now() - exchange.startedAtMs;
  tally.count(exchange, durationMs);
  try {
    debug.record(exchange, durationMs);
    if (onExchange === undefined && accessLog === undefined && events === undefined) return;
    const made = recordOf(exchange, durationMs);
    accessLog?.write(made);
    events?.take(made, exchange);
    onExchange?.(made);
  } catch (error) {
    tally.dropRecord();
    onNotice({ level: "warning", code: "RECORD_FAILED", message: `A record was dropped: ${escapeText(String(error))}` });
  }
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
    peer: exchange.evidence?.peer,
    resolution: exchange.resolution,
    signedHop: exchange.hop?.kind === "refused" ? exchange.hop.reason : exchange.hop?.kind,
    securityAction: exchange.securityAction,
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
