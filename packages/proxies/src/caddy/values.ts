import type { ValuePart } from "../description.ts";
import { toldText } from "../told-text.ts";

/** Parts of one value, at the most. */
const MAX_PARTS = 256;

/**
 * Reads a value with placeholders. `remote` is what the connection's address is told as.
 *
 * Source: Caddy, "Caddyfile Concepts", placeholders, and "http.request.remote.host".
 */
export function readValue(text: string, remote: readonly ValuePart[]): readonly ValuePart[] {
  const parts: ValuePart[] = [];
  for (const [piece] of text.matchAll(/\{[^{}\s]*\}|[^{]+|\{/g)) {
    if (!piece.startsWith("{") || piece === "{") parts.push({ kind: "text", text: piece });
    else parts.push(...readPlaceholder(piece, remote));
    if (parts.length > MAX_PARTS) return [{ kind: "unknown", text: toldText(text) }];
  }
  return parts;
}

function readPlaceholder(piece: string, remote: readonly ValuePart[]): readonly ValuePart[] {
  const name = piece.slice(1, -1);
  if (name === "remote_host" || name === "http.request.remote.host") return remote;
  if (name === "client_ip" || name === "http.vars.client_ip" || name === "vars.client_ip") return [{ kind: "client" }];
  const header = /^(?:http\.request\.)?header\.([\w-]+)$/.exec(name)?.[1];
  return [header === undefined ? { kind: "unknown", text: piece } : { kind: "received", header: header.toLowerCase() }];
}
