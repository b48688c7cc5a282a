import { escapeText } from "wherefrom";
import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/** Last phase: counts the exchange and hands out its record. A listener that throws loses its record, and no request fails or waits for it. */
export function record(exchange: Exchange, { onExchange, onNotice, now, tally }: Runtime): void {
  const durationMs = now() - exchange.startedAtMs;
  tally.count(exchange, durationMs);
  if (onExchange === undefined) return;
  try {
    onExchange(recordOf(exchange, durationMs));
  } catch (error) {
    tally.dropRecord();
    onNotice({ level: "warning", code: "RECORD_FAILED", message: `A record was dropped: ${escapeText(String(error))}` });
  }
}

function recordOf(exchange: Exchange, durationMs: number): ExchangeRecord {
  return {
    durationMs,
    method: exchange.request.method ?? "",
    host: exchange.target?.host,
    pathAndQuery: exchange.target?.pathAndQuery,
    peer: exchange.evidence?.peer,
    resolution: exchange.resolution,
    route: exchange.route?.route.name,
    status: exchange.status,
    fault: exchange.fault,
    isComplete: exchange.status === 101 || exchange.response.writableFinished,
    revision: exchange.snapshot.revision,
    flowVariable: (name) => exchange.flowVariable(name),
  };
}
