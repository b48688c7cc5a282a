import type { Evidence } from "wherefrom";
import { LOG_LIMITS } from "../limits.ts";
import { type Counts, count, mergeCounts } from "./figures.ts";

/** What is told of lines before anybody decides: their chains, and how their peers are written. Plain data that adds up. */
export type Traffic = {
  lines: number;
  /** Lines by the number of hops in the chain; `LOG_LIMITS.maxCountedHops` stands for that many and more. */
  readonly hops: number[];
  /** Lines by forwarding header that they have. */
  readonly headers: Counts;
  /** Lines whose peer is written as IPv4-mapped IPv6; whose peer nobody knows. */
  mappedPeers: number;
  unknownPeers: number;
  /** Lines in whose chain a port stands beside an address. */
  ports: number;
};

export function createTraffic(): Traffic {
  const hops = new Array<number>(LOG_LIMITS.maxCountedHops + 1).fill(0);
  return { lines: 0, hops, headers: {}, mappedPeers: 0, unknownPeers: 0, ports: 0 };
}

const PORT = /(?:^|,)[ \t]*(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[[0-9A-Fa-f:.]+\]):\d+[ \t]*(?:,|$)/;

/** Adds so many lines of one evidence. `chainHeader` is the header whose hops are counted. */
export function addTraffic(
  traffic: Traffic,
  evidence: Evidence,
  { lines, chainHeader, headers }: { readonly lines: number; readonly chainHeader: string; readonly headers: readonly string[] },
): void {
  const chain = evidence.lines(chainHeader);
  const hops = Math.min(countHops(chain, chainHeader === "forwarded"), LOG_LIMITS.maxCountedHops);
  traffic.lines += lines;
  traffic.hops[hops] = (traffic.hops[hops] ?? 0) + lines;
  for (const name of headers) if (evidence.lines(name).length > 0) count(traffic.headers, name, lines);
  if (evidence.peer === undefined) traffic.unknownPeers += lines;
  else if (evidence.peer.startsWith("::ffff:")) traffic.mappedPeers += lines;
  if (chain.some((line) => line.includes(":") && PORT.test(line))) traffic.ports += lines;
}

/** Hops of a list header: elements that are not empty (RFC 9110 §5.6.1). A comma between quotes divides nothing in one that has quoted strings. */
function countHops(lines: readonly string[], hasQuotes: boolean): number {
  let hops = 0;
  for (const line of lines) {
    let isEmpty = true;
    let isQuoted = false;
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at);
      if (hasQuotes && code === QUOTE) isQuoted = !isQuoted;
      if (isQuoted && code === BACKSLASH) at++;
      if (code === COMMA && !isQuoted) isEmpty = true;
      else if (isEmpty && code !== SPACE && code !== TAB) {
        isEmpty = false;
        hops++;
      }
    }
  }
  return hops;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;

/** Makes `into` the traffic of both. */
export function mergeTraffic(into: Traffic, from: Traffic): void {
  for (const [hops, lines] of from.hops.entries()) into.hops[hops] = (into.hops[hops] ?? 0) + lines;
  mergeCounts(into.headers, from.headers);
  for (const part of ["lines", "mappedPeers", "unknownPeers", "ports"] as const) into[part] += from[part];
}
