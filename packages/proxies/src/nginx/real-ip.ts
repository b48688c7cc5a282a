import type { ClientRule, Trust } from "../description.ts";
import { findingAt } from "../finding.ts";
import type { Statement } from "../statement.ts";
import { toldTexts } from "../told-text.ts";
import { trustIn } from "../trust.ts";
import type { Entrance } from "./entrances.ts";
import { type Found, once } from "./found.ts";
import type { Scope } from "./scope.ts";

/** A server by one of its entrances. */
export type Server = { readonly name: string; readonly entrance: Entrance; readonly client: ClientRule };

/**
 * Whom nginx takes for the client.
 *
 * Source: nginx, ngx_http_realip_module: without `set_real_ip_from` nothing happens, without `real_ip_header` it reads X-Real-IP.
 */
export function clientRuleOf(
  { trusted, single }: Scope,
  { entrance, found }: { readonly entrance: Entrance; readonly found: Found },
): ClientRule {
  const named = single.get("real_ip_header");
  const place = named?.place ?? trusted[0]?.place;
  if (place === undefined) return { kind: "peer" };
  const trust = trustOf(trusted, found);
  const header = (named?.words[0]?.text ?? "X-Real-IP").toLowerCase();
  if (header === "proxy_protocol") return entrance.isPlain ? { kind: "peer" } : { kind: "preamble", trust, place };
  const selection = { kind: single.get("real_ip_recursive")?.words[0]?.text === "on" ? "first-untrusted" : "rightmost" } as const;
  return { kind: "header", headers: [header], selection, trust, place };
}

/**
 * Whom nginx takes for the client in a place of a server. Where the server's own lines have found one, those of the place are not asked.
 *
 * Source: nginx, ngx_http_realip_module, which runs before a location is found, and once more in it unless it has changed the address.
 */
export function placeRuleOf(
  scope: Scope,
  { server: { client, entrance }, found }: { readonly server: Server; readonly found: Found },
): ClientRule {
  const own = clientRuleOf(scope, { entrance, found });
  if (own.kind === "peer" || saysSame(own, client)) return own;
  if (client.kind !== "peer")
    return { kind: "unknown", why: "real_ip_header of the server goes before that of the location", place: own.place };
  return scope.isReadEarly ? { kind: "unknown", why: "$remote_addr is read before real_ip_header of the location", place: own.place } : own;
}

function saysSame(rule: ClientRule, other: ClientRule): boolean {
  const read = (one: ClientRule): string => JSON.stringify({ ...one, place: undefined });
  return rule === other || read(rule) === read(other);
}

/** Whom lines trust. Names in them are told once. */
export function trustOf(trusted: readonly Statement[], found: Found): Trust {
  const known = found.trusts.get(trusted);
  if (known !== undefined) return known;
  const { trust, strange } = trustIn(trusted.map(({ words }) => words[0]?.text ?? ""));
  const [first] = strange;
  const at = trusted.find(({ words }) => words[0]?.text === first) ?? trusted[0];
  if (first !== undefined && at !== undefined)
    once(found, findingAt(at.place, { code: "FINDING_TRUST_UNKNOWN", severity: "note", what: toldTexts(strange) }));
  found.trusts.set(trusted, trust);
  return trust;
}
