import { PROVIDERS, type Prefix, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";
import { type AddressKind, kindOfAddress } from "../../facts/address-kind.ts";

/** Of what kind an address is, and the provider that it belongs to, where one publishes its ranges. */
export type AddressSort = { readonly kind: AddressKind; readonly provider: string | undefined };

const PUBLIC: AddressSort = { kind: "public", provider: undefined };

/** Addresses whose sort is kept. */
const MAX_KEPT = 65_536;

/** Whose addresses are a proxy's and not a client's. */
const OWNED: readonly (readonly [name: string, prefix: Prefix])[] = [...PROVIDERS].flatMap(([name, { isFixed, prefixes }]) =>
  isFixed ? [] : prefixes.map((prefix) => [name, prefix] as const),
);

/** The 65,536 networks that the first 16 bits tell apart, of each family: 1 where a special or named range touches one. */
const TOUCHED: Readonly<Record<4 | 6, Uint8Array>> = { 4: new Uint8Array(65_536), 6: new Uint8Array(65_536) };
for (const { first, length } of [...SPECIAL_RANGES.map(({ prefix }) => prefix), ...OWNED.map(([, prefix]) => prefix)]) {
  const start = (first.family === 4 ? first.w3 : first.w0) >>> 16;
  TOUCHED[first.family].fill(1, start, start + 2 ** Math.max(0, 16 - length));
}

/** Tells the sorts of many addresses, given as canonical text. Most lie in no range at all, which their first two numbers tell. */
export function createAddressSorter(): (text: string) => AddressSort {
  const kept = new Map<string, AddressSort>();
  return (text) => {
    if (isPlain(text)) return PUBLIC;
    const known = kept.get(text);
    if (known !== undefined) return known;
    const sort = { kind: kindOfAddress(text), provider: providerOf(text) };
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(text, sort);
    return sort;
  };
}

function isPlain(text: string): boolean {
  const dot = text.indexOf(".");
  if (dot !== -1 && dot < 4)
    return TOUCHED[4][(Number(text.slice(0, dot)) << 8) | Number(text.slice(dot + 1, text.indexOf(".", dot + 1)))] === 0;
  const colon = text.indexOf(":");
  return colon > 0 && TOUCHED[6][Number.parseInt(text.slice(0, colon), 16)] === 0;
}

function providerOf(text: string): string | undefined {
  const own = parsePrefix(text);
  if (own.kind !== "prefix") return undefined;
  return OWNED.find(([, prefix]) => prefixesOverlap(prefix, own.prefix))?.[0];
}
