import { type Prefix, parseAddress, parsePrefix, prefixesOverlap } from "wherefrom";
import type { Trust } from "./description.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { toldTexts } from "./told-text.ts";

export const NOBODY: Trust = { kind: "nobody" };
export const EVERYBODY: Trust = { kind: "everybody" };

/** Trust in a list of networks, and the texts of it that are none. A list with all of IPv4 or of IPv6 trusts everybody who comes over it, so it is `everybody`; one that is longer than is read is unknown. */
export function trustIn(texts: readonly string[]): { readonly trust: Trust; readonly strange: readonly string[] } {
  const found = new Set<string>();
  const strange: string[] = [];
  if (texts.length > CONFIG_LIMITS.maxNetworks) {
    const why = `more than ${CONFIG_LIMITS.maxNetworks} networks`;
    return { trust: { kind: "unknown", why }, strange: [why] };
  }
  for (const text of texts) {
    const entry = text === "unix:" ? text : canonicalPrefix(text);
    if (entry === undefined) strange.push(text);
    else found.add(entry);
  }
  const entries = [...found];
  if (entries.some((entry) => entry === "0.0.0.0/0" || entry === "::/0")) return { trust: EVERYBODY, strange };
  if (entries.length === 0) return { trust: strange.length === 0 ? NOBODY : { kind: "unknown", why: toldTexts(strange) }, strange };
  return { trust: { kind: "list", entries }, strange };
}

/** The network that a text stands for; bits past its length are cut off, as the systems do that are read here. */
function canonicalPrefix(text: string): string | undefined {
  const reading = parsePrefix(text);
  switch (reading.kind) {
    case "prefix":
      return reading.prefix.text;
    case "host-bits-set":
      return reading.suggestion;
    case "not-a-prefix":
      return undefined;
  }
}

/** Whether an address is trusted. `undefined` where nobody can say. */
export function isTrusted(trust: Trust, address: string): boolean | undefined {
  switch (trust.kind) {
    case "nobody":
      return false;
    case "everybody":
      return true;
    case "unknown":
      return undefined;
    case "list":
      return coversAny(trust.entries, address);
  }
}

/** Networks as they were read, and the last address that was asked for. Ways share the lists that they believe, and are judged by the same addresses. */
const known = new WeakMap<readonly string[], { readonly prefixes: readonly Prefix[]; asked: string; isCovered: boolean }>();

/** Whether one of the networks holds an address. */
export function coversAny(entries: readonly string[], address: string): boolean {
  const list = known.get(entries) ?? { prefixes: prefixesOf(entries), asked: "", isCovered: false };
  known.set(entries, list);
  if (list.asked === address) return list.isCovered;
  const one = parsePrefix(parseAddress(address)?.text ?? "");
  list.asked = address;
  list.isCovered = one.kind === "prefix" && list.prefixes.some((prefix) => prefixesOverlap(prefix, one.prefix));
  return list.isCovered;
}

function prefixesOf(entries: readonly string[]): readonly Prefix[] {
  return entries.map(parsePrefix).flatMap((reading) => (reading.kind === "prefix" ? [reading.prefix] : []));
}

/** Whether a network holds an address. */
export function covers(prefix: string, address: string): boolean {
  const [network, one] = [parsePrefix(prefix), parsePrefix(parseAddress(address)?.text ?? "")];
  return network.kind === "prefix" && one.kind === "prefix" && prefixesOverlap(network.prefix, one.prefix);
}
