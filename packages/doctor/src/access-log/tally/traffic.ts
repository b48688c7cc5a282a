import type { Evidence } from "wherefrom";
import { LOG_LIMITS } from "../limits.ts";
import { type Counts, mergeCounts } from "./figures.ts";

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

/** What one evidence shows of that; of each of some headers 1 where it has it. Used again for the next. */
export type Shown = { hops: number; hasMappedPeer: boolean; hasUnknownPeer: boolean; hasPort: boolean; readonly headers: Uint8Array };

export function createShown(headers: number): Shown {
  return { hops: 0, hasMappedPeer: false, hasUnknownPeer: false, hasPort: false, headers: new Uint8Array(headers) };
}

const PORT = /(?:^|,)[ \t]*(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[[0-9A-Fa-f:.]+\]):\d+[ \t]*(?:,|$)/;

/** Looks at evidence. `chainHeader` is the header whose hops are counted. */
export function showTraffic(
  evidence: Evidence,
  { chainHeader, headers, into }: { readonly chainHeader: string; readonly headers: readonly string[]; readonly into: Shown },
): void {
  const chain = evidence.lines(chainHeader);
  into.hops = countHops(chain, chainHeader === "forwarded");
  into.hasUnknownPeer = evidence.peer === undefined;
  into.hasMappedPeer = evidence.peer?.startsWith("::ffff:") === true;
  into.hasPort = chain.some((line) => line.includes(":") && PORT.test(line));
  for (const [header, name] of headers.entries()) into.headers[header] = evidence.lines(name).length > 0 ? 1 : 0;
}

/** Adds so many lines that show it. */
export function addTraffic(traffic: Traffic, { hops, hasMappedPeer, hasUnknownPeer, hasPort }: Shown, lines: number): void {
  const counted = Math.min(hops, LOG_LIMITS.maxCountedHops);
  traffic.lines += lines;
  traffic.hops[counted] = (traffic.hops[counted] as number) + lines;
  if (hasUnknownPeer) traffic.unknownPeers += lines;
  if (hasMappedPeer) traffic.mappedPeers += lines;
  if (hasPort) traffic.ports += lines;
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
