import { XFF } from "../address-headers.ts";
import type { ClientRule } from "../description.ts";
import type { Place } from "../source.ts";
import { toldTexts } from "../told-text.ts";
import { EVERYBODY, NOBODY, trustIn } from "../trust.ts";
import type { LiteralValue } from "./literal.ts";

/** Names for networks. Source: proxy-addr 2, `IP_RANGES`; @fastify/proxy-addr 5 has the same. */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

/**
 * Whom Express gives as `req.ip`.
 *
 * Source: Express 5, `compileTrust`: a number counts hops from the peer, whoever that is; a text is a list with commas; a list that holds no address stops the program.
 */
export function expressRule(value: LiteralValue, place: Place): ClientRule {
  if (value === true) return { kind: "header", headers: [XFF], selection: { kind: "leftmost" }, trust: EVERYBODY, place };
  if (typeof value === "number") {
    const index = -Math.ceil(value);
    return index < 0
      ? { kind: "header", headers: [XFF], selection: { kind: "index", index, orLeftmost: true }, trust: EVERYBODY, place }
      : { kind: "peer" };
  }
  if (value === false || value === null || value === undefined) return { kind: "peer" };
  return listRule(value, place);
}

/**
 * Whom Fastify gives as `request.ip`.
 *
 * Source: Fastify 5.12.8, `getTrustProxyFn`: a number trusts nobody since 5.12.1; before it counted hops.
 */
export function fastifyRule(value: LiteralValue, place: Place): ClientRule {
  if (value === true) return { kind: "header", headers: [XFF], selection: { kind: "leftmost" }, trust: EVERYBODY, place };
  if (value === false || value === null || value === undefined || value === 0 || value === "") return { kind: "peer" };
  if (typeof value === "number") return { kind: "header", headers: [XFF], selection: { kind: "first-untrusted" }, trust: NOBODY, place };
  return listRule(value, place);
}

function listRule(value: string | readonly LiteralValue[], place: Place): ClientRule {
  const entries = typeof value === "string" ? value.split(",").map((entry) => entry.trim()) : value;
  // a list in a list is no address
  const texts = entries.flatMap((entry) => {
    if (typeof entry !== "string") return [typeof entry === "object" && entry !== null ? "[…]" : String(entry)];
    return Object.hasOwn(NETWORKS, entry) ? (NETWORKS[entry] ?? []) : [entry];
  });
  const { trust, strange } = trustIn(texts);
  // proxy-addr refuses a range of everybody, so the program does not start
  if (trust.kind === "everybody") return { kind: "unknown", why: toldTexts(texts), place };
  if (strange.length > 0) return { kind: "unknown", why: toldTexts(strange), place };
  return { kind: "header", headers: [XFF], selection: { kind: "first-untrusted" }, trust, place };
}

export type KoaSettings = { readonly proxy: LiteralValue; readonly proxyIpHeader: LiteralValue; readonly maxIpsCount: LiteralValue };

/** Whom Koa gives as `ctx.ip`. Source: Koa 3, `request.ips`: with `proxy` the header is believed from everybody, and its last `maxIpsCount` elements are looked at. */
export function koaRule({ proxy, proxyIpHeader, maxIpsCount }: KoaSettings, place: Place): ClientRule {
  if (!proxy) return { kind: "peer" };
  const header = proxyIpHeader || "X-Forwarded-For";
  const count = maxIpsCount || 0;
  if (typeof header !== "string" || typeof count !== "number") return { kind: "unknown", why: "proxyIpHeader, maxIpsCount", place };
  const selection = count > 0 ? ({ kind: "index", index: -Math.trunc(count), orLeftmost: true } as const) : ({ kind: "leftmost" } as const);
  return { kind: "header", headers: [header.toLowerCase()], selection, trust: EVERYBODY, place };
}
