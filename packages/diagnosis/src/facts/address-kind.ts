import { parseAddress, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";

/** What kind of address a text is, as far as it tells where a peer stands. `unknown`: it is no address. */
export type AddressKind = "loopback" | "mesh" | "private" | "cgnat" | "link-local" | "documentation" | "class-e" | "public" | "unknown";

/** Names of the special-purpose registries that are a kind here. Every other special range is nobody's on the internet, and counts as public. */
const KINDS: Readonly<Record<string, AddressKind>> = {
  loopback: "loopback",
  "private use": "private",
  "unique local": "private",
  "carrier-grade NAT": "cgnat",
  "link-local": "link-local",
  documentation: "documentation",
  reserved: "class-e",
};

/** Istio's sidecar connects to the application from here when it redirects. */
const MESH_PEER = "127.0.0.6";

/** Says of what kind an address is. Ports, brackets and zones make it `unknown`. */
export function kindOfAddress(text: string): AddressKind {
  const address = parseAddress(text);
  if (address === undefined) return "unknown";
  if (address.text === MESH_PEER) return "mesh";
  const reading = parsePrefix(address.text);
  if (reading.kind !== "prefix") return "unknown";
  const ranges = SPECIAL_RANGES.filter(({ prefix }) => prefixesOverlap(prefix, reading.prefix));
  const narrowest = ranges.toSorted((first, second) => second.prefix.length - first.prefix.length)[0];
  return KINDS[narrowest?.name ?? ""] ?? "public";
}
