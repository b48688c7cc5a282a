import { XFF } from "../address-headers.ts";
import type { ClientRule } from "../description.ts";
import type { Place } from "../source.ts";
import { toldTexts } from "../told-text.ts";
import { EVERYBODY, trustIn } from "../trust.ts";

/**
 * Whom uvicorn gives as the client, over HTTP and WebSocket alike, by what `--forwarded-allow-ips` says.
 *
 * Source: uvicorn, `ProxyHeadersMiddleware`: `*` takes the leftmost element. Before 0.31 a network in the list matches nothing.
 */
export function uvicornRule(value: string, place: Place): ClientRule {
  const base = { kind: "header", headers: [XFF], place } as const;
  if (value === "*") return { ...base, selection: { kind: "leftmost" }, trust: EVERYBODY };
  const entries = value.split(",").map((entry) => entry.trim());
  const { trust, strange } = trustIn(entries.filter((entry) => entry !== ""));
  if (strange.length > 0) return { kind: "unknown", why: toldTexts(strange), place };
  return { ...base, selection: { kind: "first-untrusted" }, trust };
}
