import { type AddressKind, kindOfAddress } from "@wherefrom/diagnosis";
import { PROVIDERS, type Prefix, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";
import { type AddressKey, textOf } from "./address-key.ts";

/** Of what kind an address is, its family, and the provider that it belongs to, where one publishes its ranges. `id` is its place in `sorts`. */
export type AddressSort = {
  readonly id: number;
  readonly kind: AddressKind;
  readonly family: "4" | "6";
  readonly provider: string | undefined;
};

/** Tells the sorts of addresses, and keeps those that there were, of which there are few. */
export type AddressSorter = { readonly sorts: readonly AddressSort[]; sortOf(address: AddressKey): AddressSort };

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

/** Makes a sorter. Most addresses lie in no range at all, which their first 16 bits tell. */
export function createAddressSorter(): AddressSorter {
  const sorts: AddressSort[] = [];
  const sortFor = (sort: Omit<AddressSort, "id">): AddressSort => {
    const known = sorts.find(({ kind, family, provider }) => kind === sort.kind && family === sort.family && provider === sort.provider);
    if (known !== undefined) return known;
    const added = { id: sorts.length, ...sort };
    sorts.push(added);
    return added;
  };
  const plain = {
    "4": sortFor({ kind: "public", family: "4", provider: undefined }),
    "6": sortFor({ kind: "public", family: "6", provider: undefined }),
  };
  const kept = new Map<string, AddressSort>();
  return {
    sorts,
    sortOf({ text: longText, bits }) {
      const family = longText?.includes(":") ? "6" : "4";
      const network = longText === undefined ? bits >>> 16 : Number.parseInt(longText.slice(0, longText.indexOf(":")), 16);
      if (TOUCHED[family][network] === 0) return plain[family];
      const text = textOf(longText, bits);
      const known = kept.get(text);
      if (known !== undefined) return known;
      const sort = sortFor({ kind: kindOfAddress(text), family, provider: providerOf(text) });
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(text, sort);
      return sort;
    },
  };
}

function providerOf(text: string): string | undefined {
  const own = parsePrefix(text);
  if (own.kind !== "prefix") return undefined;
  return OWNED.find(([, prefix]) => prefixesOverlap(prefix, own.prefix))?.[0];
}
