import { createHmac } from "node:crypto";
import { addressesIn, isMapped, numberOfAddress, textOfNumber } from "./stored-address.ts";

/** How addresses of an event are kept. A number stands in the column `address_form`; it never changes its meaning. */
export const ADDRESS_FORMS = ["plain", "truncated", "hashed"] as const;

export type AddressForm = (typeof ADDRESS_FORMS)[number];

/** What an environment says about addresses. `key` is secret, and another one makes other hashes. */
export type AddressPrivacy = { readonly form: "plain" | "truncated" } | { readonly form: "hashed"; readonly key: string };

/** Bits of a truncated address that are kept. */
const TRUNCATED_IPV4_BITS = 24n;
const TRUNCATED_IPV6_BITS = 48n;

/** Makes of addresses what is kept of them. `Kept`: what stands for the number that an address is kept as. */
export type AddressKeeper<Kept> = {
  readonly form: AddressForm;
  /** `undefined` for a text that is no address. */
  address(text: string | undefined): Kept | undefined;
  /** Of all addresses in the texts, each once. */
  addresses(texts: readonly string[]): readonly Kept[];
  /** A header field as it is kept: as it came when addresses are, else only what was made of the addresses in it. */
  field(text: string | undefined): string | undefined;
};

/** Each address is read once for a batch: most events are from few clients. `stand` gives the same for the same number. */
export function addressKeeper<Kept>(privacy: AddressPrivacy, stand: (number: bigint) => Kept): AddressKeeper<Kept> {
  const keep = privacy.form === "plain" ? (number: bigint) => number : remembering((number: bigint) => keptNumber(number, privacy));
  const numberIn = (text: string): bigint | undefined => {
    const number = numberOfAddress(text);
    return number === undefined ? undefined : keep(number);
  };
  const keptIn = remembering((text: string) => {
    const number = numberIn(text);
    return number === undefined ? undefined : stand(number);
  });
  return {
    form: privacy.form,
    address: (text) => (text === undefined ? undefined : keptIn(text)),
    addresses: (texts) => eachOnce(texts.map((text) => addressesIn(text, keptIn))),
    field(text) {
      if (text === undefined || privacy.form === "plain") return text;
      return eachOnce([addressesIn(text, numberIn)])
        .map((number) => keptText({ form: privacy.form, number }))
        .join(", ");
    },
  };
}

/** So many are compared with each other; of more, a set is made. */
const MAX_COMPARED = 16;

function eachOnce<Kept>(lists: readonly (readonly Kept[])[]): readonly Kept[] {
  const found: Kept[] = [];
  for (const list of lists) {
    if (found.length + list.length > MAX_COMPARED) return [...new Set(lists.flat())];
    for (const kept of list) if (!found.includes(kept)) found.push(kept);
  }
  return found;
}

/** The same function, which makes of the same the same only once. */
function remembering<From, To>(make: (from: From) => To): (from: From) => To {
  const made = new Map<From, To>();
  return (from) => {
    const known = made.get(from);
    if (known !== undefined || made.has(from)) return known as To;
    const to = make(from);
    made.set(from, to);
    return to;
  };
}

function keptNumber(number: bigint, privacy: AddressPrivacy): bigint {
  switch (privacy.form) {
    case "plain":
      return number;
    case "truncated": {
      const dropped = isMapped(number) ? 32n - TRUNCATED_IPV4_BITS : 128n - TRUNCATED_IPV6_BITS;
      return (number >> dropped) << dropped;
    }
    case "hashed": {
      const bytes = Buffer.from(number.toString(16).padStart(32, "0"), "hex");
      return BigInt(`0x${createHmac("sha256", privacy.key).update(bytes).digest("hex").slice(0, 32)}`);
    }
  }
}

/** An address as it is kept, in one of its forms. */
export type KeptAddress = { readonly form: AddressForm; readonly number: bigint };

const HASHED = /^hashed-(?<digits>[0-9a-f]{32})$/;

/** An address in canonical text, the network of a truncated one, or `hashed-` and 32 hexadecimal digits: no form looks like another. */
export function keptText({ form, number }: KeptAddress): string {
  switch (form) {
    case "plain":
      return textOfNumber(number);
    case "truncated":
      return `${textOfNumber(number)}/${isMapped(number) ? TRUNCATED_IPV4_BITS : TRUNCATED_IPV6_BITS}`;
    case "hashed":
      return `hashed-${number.toString(16).padStart(32, "0")}`;
  }
}

/** Reads what `keptText` writes, and any other spelling of an address; `undefined` for everything else. */
export function parseKeptAddress(text: string): KeptAddress | undefined {
  const digits = HASHED.exec(text)?.groups?.["digits"];
  if (digits !== undefined) return { form: "hashed", number: BigInt(`0x${digits}`) };
  const [address = "", bits, ...more] = text.split("/");
  const number = numberOfAddress(address);
  if (number === undefined || more.length > 0) return undefined;
  if (bits === undefined) return { form: "plain", number };
  const truncated: KeptAddress = { form: "truncated", number: keptNumber(number, { form: "truncated" }) };
  return keptText(truncated).endsWith(`/${bits}`) && truncated.number === number ? truncated : undefined;
}

/** What an address may be kept as that still names it: itself, and its hash by the key that there is. Empty for a text that is no address. */
export function namesOfAddress(text: string, hashKey: string | undefined): KeptAddress[] {
  const number = numberOfAddress(text);
  if (number === undefined) return [];
  const plain: KeptAddress = { form: "plain", number };
  if (hashKey === undefined) return [plain];
  return [plain, { form: "hashed", number: keptNumber(number, { form: "hashed", key: hashKey }) }];
}
