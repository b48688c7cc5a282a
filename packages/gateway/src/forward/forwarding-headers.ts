import { hyphenated } from "../accept/field-name.ts";
import type { Exchange } from "../exchange.ts";

/**
 * Names by which some system tells another who the client is, in lower case with hyphens. Everything that begins with `x-forwarded` or
 * `x-wherefrom-` is one too.
 */
const CLIENT_NAMES: ReadonlySet<string> = new Set([
  "forwarded", // RFC 7239
  "forwarded-for",
  "forwarded-for-ip",
  "x-real-ip", // nginx
  "x-original-forwarded-for", // Kubernetes ingress
  "x-originating-ip",
  "x-original-remote-addr",
  "x-remote-ip",
  "x-remote-addr",
  "x-client-ip",
  "x-true-client-ip",
  "client-ip",
  "x-cluster-client-ip", // Rackspace, Zeus
  "x-proxyuser-ip",
  "proxy-client-ip", // WebLogic
  "wl-proxy-client-ip",
  "true-client-ip", // Akamai, Cloudflare
  "akamai-client-ip",
  "cf-connecting-ip", // Cloudflare
  "cf-connecting-ipv6",
  "cf-connecting-o2o",
  "cf-pseudo-ipv4",
  "fastly-client-ip",
  "fly-client-ip",
  "cloudfront-viewer-address",
  "x-azure-clientip",
  "x-azure-socketip",
  "x-appengine-user-ip",
  "x-appengine-remote-addr",
  "do-connecting-ip", // DigitalOcean
  "x-envoy-external-address",
  "x-nf-client-connection-ip", // Netlify
  "x-vercel-forwarded-for",
  "x-vercel-proxied-for",
  "x-incap-client-ip", // Imperva
  "incap-client-ip",
  "x-sucuri-clientip",
  "x-bluecoat-via",
  "ali-cdn-real-ip",
  "cdn-src-ip",
  "cdn-real-ip",
]);

/**
 * Whether a field of a client claims who the client is, in any spelling that some target takes for one of these.
 *
 * Names are given in lower case. What a client says by such a name never passes through: the target would take it as vouched for.
 */
export function claimsClient(name: string): boolean {
  const plain = hyphenated(name);
  return plain.startsWith("x-forwarded") || plain.startsWith("x-wherefrom-") || plain === "x-wherefrom" || CLIENT_NAMES.has(plain);
}

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

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** A token as it is, anything else as a quoted string (RFC 9110 §5.6.4). */
function formatValue(text: string): string {
  if (TOKEN.test(text)) return text;
  return text.includes('"') || text.includes("\\") ? `"${text.replace(/["\\]/g, "\\$&")}"` : `"${text}"`;
}
