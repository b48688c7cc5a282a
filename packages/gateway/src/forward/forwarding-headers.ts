import type { Exchange } from "../exchange.ts";
import { isToken } from "../field-text.ts";

/**
 * Adds what the gateway itself says about the client to `fields`, which are `[name, value, name, value]`.
 *
 * Shape: `replace` tells the resolved client and nothing else; `append` the verified part of the chain and then the peer. X-Real-IP is the
 *        resolved client in both. The scheme is that of the gateway's own connection: a proxy's word for another one is only a claim.
 * Source: RFC 7239 §4 to §6; the X-Forwarded fields have no standard.
 */
export function addForwardingFields(fields: string[], exchange: Exchange): void {
  const client = exchange.resolution?.ip;
  if (client === undefined || client === null) return;
  const chain = exchange.route?.route.forwardedHeaders === "append" ? verifiedChain(exchange, client) : [client];
  const scheme = exchange.connection.isEncrypted ? "https" : "http";
  const host = exchange.target?.host;
  fields.push("X-Forwarded-For", chain.length === 1 ? client : chain.join(", "), "X-Real-IP", client, "X-Forwarded-Proto", scheme);
  if (host !== undefined) fields.push("X-Forwarded-Host", host);
  fields.push("Forwarded", formatForwarded(chain, { scheme, host }));
}

/**
 * The client, the trusted hops to its right, the peer: canonical texts, left to right. Of an unverified resolution only the client and the
 * peer, as nobody vouched for what stands between them.
 */
function verifiedChain(exchange: Exchange, client: string): string[] {
  const explanation = exchange.explanation();
  const peer = explanation?.peer.ip ?? undefined;
  if (explanation?.peer.verdict === "client") return [client];
  const chain = exchange.resolution?.trust === "verified" ? trustedHops(explanation?.hops ?? []) : [];
  return peer === undefined ? [client, ...chain] : [client, ...chain, peer];
}

/** Right of the client, left to right. `hops` come right to left. */
function trustedHops(hops: readonly { readonly ip: string | null; readonly verdict: string }[]): string[] {
  const client = hops.findIndex((hop) => hop.verdict === "client");
  const trusted = hops.slice(0, Math.max(client, 0)).filter((hop) => hop.verdict === "trusted");
  return trusted.map((hop) => hop.ip ?? "unknown").reverse();
}

type Hop = { readonly scheme: string; readonly host: string | undefined };

/** RFC 7239: the parameters of this hop stand in the last element, which the gateway itself adds. */
function formatForwarded(chain: readonly string[], { scheme, host }: Hop): string {
  let elements = "";
  for (const ip of chain) elements += elements === "" ? `for=${formatNode(ip)}` : `, for=${formatNode(ip)}`;
  const own = host === undefined ? `proto=${scheme}` : `host=${formatValue(host)};proto=${scheme}`;
  return `${elements};${own}`;
}

/** RFC 7239 §6: an IPv6 address stands in brackets, and so in quotes. */
function formatNode(ip: string): string {
  return ip.includes(":") ? `"[${ip}]"` : ip;
}

/** A token as it is, anything else as a quoted string (RFC 9110 §5.6.4). */
function formatValue(text: string): string {
  if (isToken(text)) return text;
  return text.includes('"') || text.includes("\\") ? `"${text.replace(/["\\]/g, "\\$&")}"` : `"${text}"`;
}
