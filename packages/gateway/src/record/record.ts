import { escapeText } from "wherefrom";
import type { Exchange } from "../exchange.ts";
import type { Runtime } from "../runtime.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/** Last phase: hands out the record. A listener that throws loses its record, and no request fails or waits for it. */
export function record(exchange: Exchange, { onExchange, onNotice, now }: Runtime): void {
  if (onExchange === undefined) return;
  try {
    onExchange(recordOf(exchange, now()));
  } catch (error) {
    onNotice({ level: "warning", code: "RECORD_FAILED", message: `A record was dropped: ${escapeText(String(error))}` });
  }
}

function recordOf(exchange: Exchange, nowMs: number): ExchangeRecord {
  return {
    durationMs: nowMs - exchange.startedAtMs,
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
