import type { TrafficEvent } from "@wherefrom/model";
import { diceOf } from "./dice.ts";

/** When the first event of all began; the last one is a day later. In milliseconds since 1970. */
export const FIRST_TIME: number = Date.UTC(2026, 0, 5);
export const LAST_TIME: number = FIRST_TIME + 86_400_000;

const STATUSES = [200, 200, 200, 200, 200, 304, 404, 500];
const APIS = ["books", "music", "search", "login"];
const AGENTS = ["Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0", "curl/8.5.0", "okhttp/4.12.0"];

/** Events of a day, the same ones each time. Some clients come far more often than others, as they do. */
export function makeEvents({ from, count, all }: { readonly from: number; readonly count: number; readonly all: number }): TrafficEvent[] {
  return Array.from({ length: count }, (_, index) => makeEvent(from + index, all));
}

function makeEvent(index: number, all: number): TrafficEvent {
  const dice = diceOf(index);
  const client = dice(2) === 0 ? dice(1_000) : dice(100_000);
  const [high, low] = [client >> 16, client & 0xffff];
  const address = client % 8 === 0 ? `2001:db8:${high.toString(16)}:${low.toString(16)}::1` : `100.${64 + high}.${low >> 8}.${low & 255}`;
  const chain = `${address}, 10.0.0.${dice(4)}`;
  return {
    time: FIRST_TIME + Math.floor((index * (LAST_TIME - FIRST_TIME)) / all),
    organization: "local",
    environment: "bench",
    gateway: "bench",
    revision: 7,
    api: APIS[dice(APIS.length)] ?? "",
    target: "http://10.1.0.1:8080",
    method: dice(10) === 0 ? "POST" : "GET",
    path: `/items/${dice(5_000)}`,
    status: STATUSES[dice(STATUSES.length)] ?? 0,
    isComplete: true,
    durationMs: dice(10_000) / 100,
    targetMs: dice(8_000) / 100,
    requestBytes: 0,
    responseBytes: dice(20_000),
    resolvedIp: address,
    trust: "verified",
    outcome: "resolved",
    algorithm: "trustedProxiesAlgorithm",
    clientIp: "10.0.0.1",
    proxyClientIp: address,
    xForwardedFor: chain,
    xForwardedProto: "https",
    userAgent: AGENTS[dice(AGENTS.length)] ?? "",
    evidence: { peer: "10.0.0.1", fields: [["x-forwarded-for", chain]] },
  };
}
