// not the whole of the package: each thread that scans loads this
import { type AddressKind, kindOfAddress } from "@wherefrom/diagnosis/address-kind";
import { PROVIDERS, type Prefix, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";
import { type AddressKey, textOf } from "./address-key.ts";
import { isTouched, networksOf } from "./networks.ts";

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

/** Networks that a special or named range touches. */
const TOUCHED = networksOf([...SPECIAL_RANGES.map(({ prefix }) => prefix), ...OWNED.map(([, prefix]) => prefix)]);

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
      if (!isTouched(TOUCHED, { text: longText, bits })) return plain[family];
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
